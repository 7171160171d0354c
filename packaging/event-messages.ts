import type { AuditEvent } from '../src/audit/audit.ts';

/** What `journalctl -x` says of a record that has no reason. The compiler sees to it that every event is here. */
export const eventMessages: Readonly<Record<AuditEvent, string>> = {
  checked:
    'The certificates of the node were checked. Nothing was changed. No action needed: certmend check shows the result.',
  decided: 'certmend decided what to do. certmend plan shows the decision, certmend why ENTRY how it was reached.',
  issued: 'New certificates were issued and are kept as a generation. They are not in use yet.',
  verified: 'A generation was proven: read back from disk, chained to its authorities, used in real TLS handshakes.',
  committed:
    'A generation went live: the files of the node are now the new set. No action needed; certmend rollback undoes it.',
  recovered: 'An interrupted commit was completed or rolled back. The set is complete. No action needed.',
  quarantined: 'A damaged file was moved to /var/lib/certmend/quarantine, with a note that says why.',
  'listener-regeneration-requested':
    'The product was asked to reissue its listener certificate; it does so at its next start.',
  'kubeconfig-written': 'A credential kubeconfig of the node was rewritten, with file references only.',
  'standby-prepared':
    'A verified set was made ahead of time. It goes live if the active one is found expired or damaged at a start.',
  'standby-retired': 'The standby set can no longer go live. Another one replaces it.',
  'rolled-back': 'An earlier set was restored and is now live.',
  'backed-up': 'An encrypted backup of the node was written and read back. certmend backup list shows what is there.',
  restored:
    'An operator restored a backup: files of the node, protected ones among them, are those of the backup now. docs/backup.md says what the product does with them at its next start.',
  confirmed: 'The live set was seen to work: what answers serves it and is healthy. It is kept. No action needed.',
  unconfirmed:
    'Nobody saw whether the node is healthy with the certificates that are live. They stay. certmend check shows what is served; certmend rollback restores the set before.',
  'start-healed':
    'A start of the service hung on damaged certificates, and they were repaired. If it was not restarted: systemctl restart UNIT, as the record says.',
  'external-change-adopted': 'Somebody else changed certificates of the node. The change was recorded and is kept.',
  'state-rebuilt': 'The state file was damaged; it was set aside and rebuilt from what is on the node.',
  'authorities-sent':
    'New authorities are in the datastore of the cluster. Each server uses them after its next restart: certmend ca rotate --continue says who is next.',
  'authorities-rotated':
    'A rotation of the authorities is finished: servers and agents use the new ones. certmend ca status shows them.',
  refused: 'certmend refused to change anything, for safety. certmend plan shows what prevents it.',
  deferred: 'Something is due but could not be done now. It is retried at the next start of the service.',
  failed: 'Something went wrong. The files of the node are still the old set. certmend doctor looks for the cause.',
  pruned: 'Old generations were removed; retention in /etc/certmend/config.yaml says how many are kept.',
  'health-changed': 'The health of the certificates changed. certmend status shows it, with the reasons.',
  'configuration-loaded': 'The configuration was reloaded and is now in use.',
  'configuration-refused':
    'The new configuration has errors and is not used; the old one stays in use. Fix the file, then: systemctl reload certmend.',
  'notification-failed':
    'The program of notify.exec failed or took too long. Try it by hand, with a JSON document on its standard input.',
  'cluster-told':
    'The cluster knows the certificates of this node: kubectl describe node, and kubectl get ncert where cluster.report says so. No action needed.',
  'cluster-not-told':
    'The cluster could not be told about the certificates of this node. The node is not affected; it is tried again until it succeeds. certmend cluster status shows what is in the way.',
  'recovery-prepared':
    'certmend ca recover made new dates for authorities that had ended, in a copy of the datastore or as a statement for it. Nothing is in use yet.',
  'authorities-recovered':
    'Authorities that had ended are renewed in the datastore, with the same keys. Start the product: it writes them to the disk itself. certmend ca recover --undo takes it back until then.',
  'recovery-undone': 'The datastore is again the file that it was before the recovery, byte for byte.',
};
