import type { AuditEvent } from '../src/audit/audit.ts';

/** What `journalctl -x` says of a record that has no reason. The compiler sees to it that every event is here. */
export const eventMessages: Readonly<Record<AuditEvent, string>> = {
  checked:
    'The certificates of the node were checked. Nothing was changed. You do nothing: certmend check shows the result.',
  decided: 'certmend decided what to do. certmend plan shows the decision, certmend why ENTRY the way to it.',
  issued: 'New certificates were made and are kept as a generation. They are not in use yet.',
  verified: 'A generation was proven: read back from disk, chained to its authorities, used in real TLS handshakes.',
  committed:
    'A generation went live: the files of the node are the new set now. You do nothing; certmend rollback undoes it.',
  recovered: 'A commit that was interrupted was finished or taken back. The set is whole. You do nothing.',
  quarantined: 'A damaged file was moved to /var/lib/certmend/quarantine, with a note that says why.',
  'listener-regeneration-requested':
    'The product was asked to make its listener certificate anew; it does at its next start.',
  'kubeconfig-written': 'A credential kubeconfig of the node was written again, with file references only.',
  'standby-prepared':
    'A verified set was made ahead of time. It goes live if the active one is found expired or damaged at a start.',
  'standby-retired': 'The standby set is no longer fit to go live. Another one takes its place.',
  'rolled-back': 'An earlier set was brought back and is live now.',
  confirmed: 'A set that is live was seen to work: what answers serves it and is well. It is kept. You do nothing.',
  'start-healed':
    'A start of the service hung on damaged certificates, and they were healed. If it was not restarted: systemctl restart UNIT, as the record says.',
  'external-change-adopted': 'Somebody else changed certificates of the node. The change was recorded and is kept.',
  'state-rebuilt': 'The state file was damaged; it was set aside and rebuilt from what is on the node.',
  refused: 'certmend refused to change anything, for safety. certmend plan says what stands in the way.',
  deferred: 'Something is due and could not be done now. It is tried again at the next start of the service.',
  failed: 'Something went wrong. The files of the node are the old set. certmend doctor looks for the cause.',
  pruned: 'Old generations were removed; retention in /etc/certmend/config.yaml says how many are kept.',
  'health-changed': 'The health of the certificates changed. certmend status shows it, with the reasons.',
  'configuration-loaded': 'The configuration was read again and is in force.',
  'configuration-refused':
    'The new configuration has errors and is not used; the old one stays in force. Mend the file, then: systemctl reload certmend.',
  'notification-failed':
    'The program of notify.exec failed or took too long. Try it by hand, with a JSON document on its standard input.',
};
