import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { auditFile } from '../../src/system/files/audit-file.ts';
import { openAudit, stderrIsJournal } from '../../src/system/open-audit.ts';

function freshRoot(t: ExecutionContext) {
  const root = mkdtempSync(join(tmpdir(), 'certmend-audit-'));
  t.teardown(() => {
    rmSync(root, { recursive: true, force: true });
  });
  const directory = join(root, 'var/lib/certmend');
  return { root, directory, file: join(directory, 'audit.jsonl') };
}

test('auditFile appends to a private file in a private directory that it makes', (t) => {
  const { root, directory, file } = freshRoot(t);
  const append = auditFile(root, 1e6);
  append('one\n');
  append('two\n');
  t.is(readFileSync(file, 'utf8'), 'one\ntwo\n');
  t.is(statSync(file).mode & 0o7777, 0o600);
  t.is(statSync(directory).mode & 0o7777, 0o700);
});

test('auditFile begins a new file at its bound and keeps one old one', (t) => {
  const { root, directory, file } = freshRoot(t);
  const append = auditFile(root, 100);
  for (let count = 0; count < 50; count += 1) append(`line ${String(count).padStart(4, '0')}\n`);
  t.deepEqual(readdirSync(directory).toSorted(), ['audit.jsonl', 'audit.jsonl.1']);
  t.true(statSync(file).size <= 100);
  t.true(statSync(`${file}.1`).size <= 100);
  t.true(readFileSync(file, 'utf8').endsWith('line 0049\n'));
  t.is(statSync(file).mode & 0o7777, 0o600);
});

test('auditFile begins a new line after one that was cut off', (t) => {
  const { root, directory, file } = freshRoot(t);
  mkdirSync(directory, { recursive: true });
  writeFileSync(file, '{"at":"2027-03-');
  auditFile(root, 1e6)('{"whole":true}\n');
  t.is(readFileSync(file, 'utf8'), '{"at":"2027-03-\n{"whole":true}\n');
});

test('auditFile follows no link, writes into no FIFO, and leaves no root', (t) => {
  const link = freshRoot(t);
  mkdirSync(link.directory, { recursive: true });
  writeFileSync(join(link.root, 'victim'), '');
  symlinkSync(join(link.root, 'victim'), link.file);
  t.throws(() => {
    auditFile(link.root, 1e6)('x\n');
  });
  t.is(readFileSync(join(link.root, 'victim'), 'utf8'), '');

  const fifo = freshRoot(t);
  mkdirSync(fifo.directory, { recursive: true });
  execFileSync('mkfifo', [fifo.file]);
  t.throws(() => {
    auditFile(fifo.root, 1e6)('x\n');
  });

  const escaping = freshRoot(t);
  const outside = freshRoot(t);
  mkdirSync(join(escaping.root, 'var/lib'), { recursive: true });
  symlinkSync(outside.root, escaping.directory);
  t.throws(
    () => {
      auditFile(escaping.root, 1e6)('x\n');
    },
    { code: 'ELOOP' },
  );
  t.deepEqual(readdirSync(outside.root), []);
});

test('openAudit writes to the console and to the file below the root', async (t) => {
  const { root, file } = freshRoot(t);
  const shown: string[] = [];
  const stderr = { isTerminal: false, columns: undefined, write: (text: string) => shown.push(text) };
  const audit = openAudit({ root, clock: { now: () => Date.parse('2027-03-01T12:00:00Z') }, env: {}, stderr });
  audit.record({ event: 'committed', priority: 'notice', message: 'generation 8 is live', generation: 8 });
  await audit.flush();
  t.deepEqual(shown, ['certmend: generation 8 is live\n']);
  t.like(JSON.parse(readFileSync(file, 'utf8')), { at: '2027-03-01T12:00:00Z', event: 'committed', generation: 8 });
});

test('stderrIsJournal believes the device and inode, not the variable alone', (t) => {
  const stat = () => ({ dev: 8, ino: 42 });
  t.true(stderrIsJournal({ JOURNAL_STREAM: '8:42' }, stat));
  t.false(stderrIsJournal({ JOURNAL_STREAM: '8:43' }, stat));
  t.false(stderrIsJournal({}, stat));
});
