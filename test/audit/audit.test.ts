import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import type { AuditRecord, Priority } from '../../src/audit/audit.ts';
import { journalFields, messageId } from '../../src/audit/audit-text.ts';
import { createAudit } from '../../src/audit/winston-audit.ts';

const at = Date.parse('2027-03-01T12:00:00Z');

function recorder(
  options: { journal?: boolean; colour?: boolean; level?: Priority; fail?: () => void; takes?: boolean } = {},
) {
  const shown: string[] = [];
  const lines: string[] = [];
  const sent: AuditRecord[] = [];
  const audit = createAudit({
    stderrIsJournal: options.journal ?? false,
    paper: { columns: undefined, colour: options.colour ?? false },
    consoleLevel: options.level ?? 'debug',
    now: () => at,
    writeConsole: (text) => shown.push(text),
    sendToJournal:
      options.takes === undefined
        ? undefined
        : (record) => {
            sent.push(record);
            return options.takes === true;
          },
    appendLine: (line) => {
      options.fail?.();
      lines.push(line);
    },
  });
  return { audit, shown, lines, sent };
}

const committed: AuditRecord = {
  event: 'committed',
  priority: 'notice',
  message: 'generation 8 is live: 38 files changed',
  reason: 'LeafExpired',
  entry: 'client-admin',
  path: '/var/lib/rancher/rke2/server/tls/client-admin.crt',
  generation: 8,
  fingerprintOld: 'a'.repeat(64),
  fingerprintNew: 'b'.repeat(64),
  hint: 'nothing to do',
};

test('record writes every field by its name to the file, one line a record', (t) => {
  const { audit, lines } = recorder();
  audit.record(committed);
  audit.record({ event: 'checked', priority: 'info', message: 'fine' });
  t.deepEqual(JSON.parse(lines[0] ?? ''), { at: '2027-03-01T12:00:00Z', ...committed });
  t.deepEqual(JSON.parse(lines[1] ?? ''), {
    at: '2027-03-01T12:00:00Z',
    event: 'checked',
    priority: 'info',
    message: 'fine',
  });
  t.true(lines.every((line) => line.endsWith('\n') && line.indexOf('\n') === line.length - 1));
});

test('record has written before it returns', (t) => {
  const { audit, shown, lines } = recorder();
  for (let count = 1; count <= 200; count += 1) {
    audit.record(committed);
    t.is(lines.length, count);
    t.is(shown.length, count);
  }
});

test('record takes named fields only, whatever else an object carries', (t) => {
  const { audit, lines } = recorder();
  audit.record({ ...committed, secret: 'hunter2', err: new Error('x') } as AuditRecord);
  t.false((lines[0] ?? '').includes('hunter2'));
  t.deepEqual(Object.keys(JSON.parse(lines[0] ?? '') as object), ['at', ...Object.keys(committed)]);
});

test('record gives the journal one line with its priority, however the message is broken', (t) => {
  const { audit, shown } = recorder({ journal: true });
  audit.record({ ...committed, message: 'first\nsecond', hint: undefined });
  audit.record({ event: 'failed', priority: 'critical', message: 'm', hint: 'do it' });
  t.deepEqual(shown, [
    '<5>certmend: first second (committed, LeafExpired, client-admin, generation 8)\n',
    '<2>certmend: m; what to do: do it (failed)\n',
  ]);
});

test('record tells a person the message and the hint, in colour only where asked', (t) => {
  const plain = recorder();
  plain.audit.record({ event: 'refused', priority: 'error', message: 'no', hint: 'try again' });
  t.deepEqual(plain.shown, ['certmend: no\n  what to do: try again\n']);
  const coloured = recorder({ colour: true });
  coloured.audit.record({ event: 'refused', priority: 'error', message: 'no' });
  t.deepEqual(coloured.shown, ['\u001b[31mcertmend: no\u001b[0m\n']);
});

test('record keeps debug out of the file, and what is below its level off the console', (t) => {
  const { audit, shown, lines } = recorder({ level: 'warning' });
  for (const priority of ['debug', 'info', 'notice', 'warning', 'error', 'critical'] as const)
    audit.record({ event: 'checked', priority, message: priority });
  t.deepEqual(
    shown.map((text) => text.trim()),
    ['certmend: warning', 'certmend: error', 'certmend: critical'],
  );
  t.is(lines.length, 5);
});

test('record tells once that the file cannot be written and never throws', async (t) => {
  let full = true;
  const { audit, shown, lines } = recorder({
    fail: () => {
      if (full) throw new Error('ENOSPC: no space left on device, write');
    },
  });
  audit.record(committed);
  audit.record(committed);
  t.is(shown.length, 3);
  t.is(shown.filter((text) => text.includes('ENOSPC')).length, 1);
  full = false;
  audit.record(committed);
  t.is(lines.length, 1);
  await t.notThrowsAsync(audit.flush());
});

test('record tells the journal once: with its fields, or on standard error when they were not taken', (t) => {
  const native = recorder({ journal: true, takes: true });
  native.audit.record(committed);
  t.deepEqual([native.sent.length, native.shown.length, native.lines.length], [1, 0, 1]);
  const refused = recorder({ journal: true, takes: false });
  refused.audit.record(committed);
  t.deepEqual([refused.sent.length, refused.shown.length, refused.lines.length], [1, 1, 1]);
  const person = recorder({ journal: false, takes: true });
  person.audit.record(committed);
  t.deepEqual([person.sent.length, person.shown.length, person.lines.length], [1, 1, 1]);
  person.audit.record({ ...committed, priority: 'debug' });
  t.is(person.sent.length, 1);
});

test('journalFields name everything that a record has, and both units that a reader may ask for', (t) => {
  t.deepEqual(journalFields(committed, 'rke2-server'), {
    MESSAGE: 'generation 8 is live: 38 files changed; what to do: nothing to do',
    PRIORITY: '5',
    MESSAGE_ID: messageId('committed'),
    SYSLOG_IDENTIFIER: 'certmend',
    OBJECT_SYSTEMD_UNIT: ['certmend.service', 'rke2-server.service'],
    CERTMEND_EVENT: 'committed',
    CERTMEND_REASON: 'LeafExpired',
    CERTMEND_ENTRY: 'client-admin',
    CERTMEND_PATH: '/var/lib/rancher/rke2/server/tls/client-admin.crt',
    CERTMEND_GENERATION: '8',
    CERTMEND_FINGERPRINT: 'b'.repeat(64),
    CERTMEND_FINGERPRINT_OLD: 'a'.repeat(64),
    CERTMEND_HINT: 'nothing to do',
  });
  t.is(
    journalFields({ event: 'checked', priority: 'info', message: '' }, undefined)['MESSAGE_ID'],
    messageId('checked'),
  );
});

test('journalFields explain what is wrong by its reason, and what was done by its event', (t) => {
  const explained = (event: 'standby-prepared' | 'failed' | 'health-changed', priority: 'notice' | 'warning') =>
    journalFields({ event, priority, reason: 'StandbyMissing', message: '' }, undefined)['MESSAGE_ID'];
  t.is(explained('standby-prepared', 'notice'), messageId('standby-prepared'), 'not: no standby was prepared');
  t.is(explained('health-changed', 'notice'), messageId('health-changed'), 'it is over');
  t.is(explained('failed', 'warning'), messageId('StandbyMissing'));
});

test('journalFields of a record about several certificates have each of them as a value of its own', (t) => {
  const fields = journalFields(
    {
      event: 'external-change-adopted',
      priority: 'notice',
      message: 'a and b were replaced',
      changes: [
        { entry: 'a', path: '/a.crt', fingerprintNew: 'x' },
        { entry: 'b', path: '/b.crt', fingerprintOld: 'y', fingerprintNew: 'z' },
      ],
    },
    undefined,
  );
  t.like(fields, {
    CERTMEND_ENTRY: ['a', 'b'],
    CERTMEND_PATH: ['/a.crt', '/b.crt'],
    CERTMEND_FINGERPRINT: ['x', 'z'],
    CERTMEND_FINGERPRINT_OLD: ['y'],
  });
});

test('messageId gives each name an id of its own that never changes', (t) => {
  t.is(messageId('LeafExpired'), 'cca9e5621e2e8f9384004fa817f90bb4');
  const names = ['LeafExpired', 'LeafRenewDue', 'committed'];
  t.is(new Set(names.map(messageId)).size, names.length);
});

test('record survives a console that is gone', (t) => {
  const lines: string[] = [];
  const audit = createAudit({
    stderrIsJournal: false,
    paper: { columns: undefined, colour: false },
    consoleLevel: 'debug',
    now: () => at,
    writeConsole: () => {
      throw new Error('EPIPE');
    },
    sendToJournal: undefined,
    appendLine: (line) => lines.push(line),
  });
  t.notThrows(() => {
    audit.record(committed);
    audit.record(committed);
  });
  t.is(lines.length, 2);
});

test('record never lets a private key through, in whatever field and form', (t) => {
  const pems = [
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'sec1', format: 'pem' }),
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
    generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs1', format: 'pem' }),
  ].map(String);
  for (const pem of pems) {
    for (const text of [pem, pem.slice(0, -20), pem.replaceAll('\n', '\\n'), `Error in ${pem} and ${pem}`]) {
      const { audit, shown, lines } = recorder();
      audit.record({ event: 'failed', priority: 'error', message: text, entry: text, path: text, hint: text });
      const body = pem.split('\n')[1] ?? '';
      for (const output of [shown.join(''), lines.join('')]) {
        t.false(output.includes(body.slice(0, 20)));
        t.true(output.includes('[private key withheld]'));
      }
    }
  }
});
