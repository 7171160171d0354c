import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certmendOn, type Answer } from './certmend.ts';
import { journalFile, keysFit, leafHashes, leftovers, protectedMarks } from './leaf-set.ts';
import { makeExpiredNode, unit } from './make-node.ts';
import { command, heading, ink, output, pageFor, say, title } from './page.ts';
import { cutRotation } from './power-cut.ts';

/**
 * `npm run demo`: certmend from a node that would not come back to one that does, and through a power cut. Everything
 * it says is checked as well; the first claim that is not true ends it with exit status 1.
 */
const page = pageFor(process.stdout, process.env);
const scratch = mkdtempSync(join(tmpdir(), 'certmend-demo-'));
process.once('exit', () => {
  rmSync(scratch, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
const root = join(scratch, 'node');
const certmend = certmendOn(root, page);
const began = performance.now();

tell();

function tell(): void {
  introduce();
  const untouched = protectedMarks(root);
  showBadDay();
  showHealing();
  showMemory();
  showPowerCut();
  showRecovery();
  claim(protectedMarks(root) === untouched, 'every protected file is as it was');
  conclude();
}

function introduce(): void {
  makeExpiredNode(root, Date.now());
  title(page, 'certmend: an RKE2 server comes back after 400 days powered off');
  say(
    page,
    `The node edge-7 was switched off; every certificate under server/tls expired 35 days ago. It is a directory here, ${root}, made a moment ago. The commands below are really run, with --root on it.`,
  );
}

function showBadDay(): void {
  heading(page, 1, 'What is wrong?');
  say(page, 'check looks at every certificate, key and kubeconfig, and changes nothing.');
  const check = run(
    ['check'],
    ['server-ca', 'client-admin', 'serving-kube-apiserver', 'etcd/server-client', 'dynamic-cert', 'cred/passwd'],
  );
  claim(check.status === 2 && check.text.includes('CRITICAL'), 'check says CRITICAL and exits 2');

  heading(page, 2, 'What would certmend do about it?');
  say(page, 'The authorities are good and their keys are here: a whole fresh set can be issued.');
  const plan = run(['plan'], ['client-admin', 'etcd/server-client', 'dynamic-cert']);
  claim(plan.status === 1 && plan.text.includes('would rotate the whole set'), 'plan would rotate the whole set');
}

function showHealing(): void {
  heading(page, 3, `systemd is about to start ${unit}: the boot hook`);
  say(
    page,
    'prestart issues the set, reads it back, holds real TLS handshakes with it, and only then puts it in place: all files or none. No network, no API server.',
  );
  const before = leafHashes(root);
  const prestart = run(['prestart', '--unit', unit]);
  claim(
    prestart.status === 0 && /rotated · generation \d+ freshly issued/.test(prestart.text),
    'prestart rotated the set',
  );
  const after = leafHashes(root);
  claim(
    [...before].every(([file, hash]) => after.get(file) !== hash),
    'every file of the set is new',
  );
  claim(keysFit(root), 'every key fits its certificate');

  heading(page, 4, 'And now?');
  say(
    page,
    `Healthy. What still reads EXPIRED is recreated by ${unit} itself when it starts; certmend has requested the listener's. The next start has nothing to do and writes nothing.`,
  );
  const check = run(
    ['check'],
    [
      'server-ca',
      'client-admin',
      'serving-kube-apiserver',
      'etcd/server-client',
      'dynamic-cert',
      'agent/client-kubelet',
    ],
  );
  claim(check.status === 0 && check.text.includes('healthy'), 'check says healthy and exits 0');
  const again = run(['prestart', '--unit', unit]);
  claim(again.status === 0 && again.text.includes('nothing to do'), 'a second prestart has nothing to do');
}

function showMemory(): void {
  heading(page, 5, 'Why did it do that?');
  say(page, 'Every decision has a reason code: in the journal of the unit, and in audit.jsonl.');
  command(page, 'tail /var/lib/certmend/audit.jsonl   # event, entry and reason of each record');
  const records = auditRecords();
  output(page, auditTable(records), ['decided', 'verified', 'committed', 'client-admin', 'dynamic-cert']);
  claim(
    records.find(({ event }) => event === 'issued')?.changes?.length === 13,
    'the audit log has one record per new certificate',
  );

  command(page, 'certmend status');
  const status = certmend.run('status');
  // The events are those of the audit log, seen just above.
  output(page, status.shown.slice(0, status.shown.indexOf('\n\n', status.shown.indexOf('\n\n') + 1)));
  claim(status.status === 0 && /active +generation \d+/.test(status.text), 'status knows the active generation');
}

function showPowerCut(): void {
  heading(page, 6, 'The power goes, in the middle of a rotation');
  say(
    page,
    'A second rotation: its process is killed (SIGKILL) while it moves the new files into place. One square for each of the 13 keys and 13 certificates:',
  );
  command(page, 'certmend rotate --yes   # killed');
  const cut = cutRotation(certmend, root);
  if (cut === undefined) {
    claim(false, 'a rotation can be killed in the middle');
    return;
  }
  const fresh = cut.isNew.filter(Boolean).length;
  showFiles(cut.isNew);
  say(
    page,
    `${fresh} of ${cut.isNew.length} files are new: neither the old set nor the new one. But the journal is there: the commit point was passed, and everything still missing is on disk.`,
  );
  claim(existsSync(journalFile(root)), 'the journal is on disk');
}

function showRecovery(): void {
  heading(page, 7, 'The node starts again');
  say(page, 'The boot hook finds the journal first, and finishes what it says.');
  const halfway = leafHashes(root);
  const prestart = run(['prestart', '--unit', unit]);
  claim(prestart.status === 0 && /interrupted commit.*completed/.test(prestart.text), 'prestart completed the commit');
  const journalGone = !existsSync(journalFile(root)) && leftovers(root).length === 0;
  claim(journalGone, 'neither the journal nor a staged file is left');
  claim(keysFit(root), 'every key fits its certificate after the recovery');
  const changed = [...leafHashes(root)].filter(([file, hash]) => halfway.get(file) !== hash).length;
  showFiles(Array.from({ length: halfway.size }, () => true));
  say(
    page,
    `${changed > 0 ? `The ${changed} missing files are there` : 'The commit is closed'}; every key matches its certificate; nothing is left behind.`,
  );
  const check = run(['check'], ['client-admin', 'etcd/peer-server-client']);
  claim(check.status === 0 && check.text.includes('healthy'), 'check is healthy after the recovery');
}

function conclude(): void {
  heading(page, 8, 'What was not touched');
  say(
    page,
    'Authorities, service keys, tokens, passwords, your kubeconfig, the configuration of RKE2: same bytes, same modes, same times as before the first command.',
  );
  const seconds = Math.round((performance.now() - began) / 1000);
  page.write(
    `\n${ink(page, 'green', `Everything above was checked as it was shown (${seconds} s).`)} The directory is removed.\n`,
  );
  say(page, 'On a node, start with: certmend doctor, certmend rehearse --at +400d');
}

function run(words: readonly string[], wanted?: readonly string[]): Answer {
  command(page, `certmend ${words.join(' ')}`);
  const answer = certmend.run(...words);
  output(page, answer.shown, wanted);
  page.write(`${ink(page, 'faint', `exit status ${answer.status ?? 'none'}`)}\n`);
  return answer;
}

function showFiles(isNew: readonly boolean[]): void {
  const squares = isNew.map((fresh) => (fresh ? ink(page, 'green', '■') : '□')).join('');
  page.write(`\n    ${squares}   ${ink(page, 'green', '■')} new set  □ old set\n\n`);
}

interface AuditRecord {
  readonly event: string;
  readonly reason?: string;
  readonly entry?: string;
  readonly changes?: readonly unknown[];
}

function auditRecords(): AuditRecord[] {
  const lines = readFileSync(join(root, 'var/lib/certmend/audit.jsonl'), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as AuditRecord);
}

function auditTable(records: readonly AuditRecord[]): string {
  const titles: AuditRecord = { event: 'EVENT', entry: 'ENTRY', reason: 'REASON' };
  return [titles, ...records]
    .map(({ event, entry = '', reason = '' }) => `${event.padEnd(33)}${entry.padEnd(14)}${reason}`.trimEnd())
    .join('\n');
}

function claim(holds: boolean, what: string): void {
  if (holds) return;
  page.write(`\n${ink(page, 'red', 'The demo shows something other than it says:')} ${what} – not so.\n`);
  process.exit(1);
}
