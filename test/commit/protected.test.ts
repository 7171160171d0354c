import test from 'ava';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Change } from '../../src/commit/change.ts';
import { openDoor } from '../../src/commit/open-door.ts';
import { refuseProtected } from '../../src/commit/protected.ts';
import { CertmendError } from '../../src/error.ts';

/** Somebody may speak of it. */
const comments = /\/\*[^]*?\*\/|^\s*\/\/.*$/gm;

const path = '/data/server/tls/server-ca.crt';
const file = { state: 'file', sha256: '0'.repeat(64) } as const;
const remove: Change = { op: 'remove', path, id: 'server-ca', expects: file };
const put: Change = {
  op: 'put',
  path,
  id: 'server-ca',
  source: null,
  sha256: '0'.repeat(64),
  mode: 0o600,
  uid: 0,
  gid: 0,
  expects: file,
};

const refused: Readonly<Record<string, Change>> = {
  'a new file in place of a protected one': put,
  'the removal of a protected file': remove,
  'a new file that claims to be a bootstrap repair': { ...put, bootstrap: true } as Change,
  'a bootstrap repair of what is no regular file': {
    ...remove,
    bootstrap: true,
    expects: { state: 'other', detail: 'is a directory' },
  },
  'a bootstrap repair by another name of the same path': { ...remove, bootstrap: true, path: `/data/../data${path}` },
};
for (const [name, change] of Object.entries(refused)) {
  test(`refuseProtected refuses ${name}`, (t) => {
    for (const door of [undefined, openDoor('prestart --repair-bootstrap')]) {
      const refuse = (): unknown => refuseProtected([change], [path, '/data/server/tls/'], undefined, door);
      t.is(t.throws(refuse, { instanceOf: CertmendError })?.code, 'ProtectedPath');
    }
  });
}

test('refuseProtected lets a bootstrap repair pass, and nothing beside it', (t) => {
  const repair: Change = { ...remove, bootstrap: true };
  const door = openDoor('prestart --repair-bootstrap');
  t.deepEqual([...refuseProtected([repair], [path], undefined, door)], [repair]);
  t.throws(() => refuseProtected([repair, remove], [path], undefined, door), { instanceOf: CertmendError });
});

test('refuseProtected refuses a bootstrap repair without a door, whatever the change says of itself', (t) => {
  const repair: Change = { ...remove, bootstrap: true };
  t.is(t.throws(() => refuseProtected([repair], [path]), { instanceOf: CertmendError })?.code, 'ProtectedPath');
});

test('refuseProtected lets backup restore put what is protected, by its own name only, and take nothing away', (t) => {
  const door = openDoor('backup restore');
  t.deepEqual([...refuseProtected([put], [path], undefined, door)], [put]);
  for (const change of [remove, { ...put, path: `/data/../data${path}` }])
    t.throws(() => refuseProtected([change], [path], undefined, door), { instanceOf: CertmendError });
});

test('refuseProtected lets ca recover put a datastore, and nothing else', (t) => {
  const door = openDoor('ca recover');
  const database = { ...put, path: '/data/server/db/state.db' };
  const shielded = [path, '/data/server/db/'];
  t.deepEqual([...refuseProtected([database], shielded, undefined, door)], [database]);
  for (const change of [put, remove, { ...remove, path: database.path }])
    t.throws(() => refuseProtected([change], shielded, undefined, door), { instanceOf: CertmendError });
});

/* The list is short, and here a second time: whoever adds to it has to say so twice. */
test('the door to protected paths is opened by commands that a person gives for just that, and by no other code', (t) => {
  const src = join(import.meta.dirname, '..', '..', 'src');
  const openers = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== 'commit/open-door.ts')
    .filter((name) =>
      /open-door|openDoor|as Door\b/.test(readFileSync(join(src, name), 'utf8').replaceAll(comments, '')),
    );
  const allowed = ['cli/commands/prestart.ts', 'cli/commands/ca/recover.ts', 'cli/commands/backup/restore.ts'];
  t.true(openers.includes('cli/commands/prestart.ts'));
  t.deepEqual(
    openers.filter((name) => !allowed.includes(name)),
    [],
  );
});
