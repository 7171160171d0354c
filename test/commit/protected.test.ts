import test from 'ava';
import type { Change } from '../../src/commit/change.ts';
import { refuseProtected } from '../../src/commit/protected.ts';
import { CertmendError } from '../../src/error.ts';

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
    const error = t.throws(() => refuseProtected([change], [path, '/data/server/tls/']), { instanceOf: CertmendError });
    t.is(error?.code, 'ProtectedPath');
  });
}

test('refuseProtected lets a bootstrap repair pass, and nothing beside it', (t) => {
  const repair: Change = { ...remove, bootstrap: true };
  t.deepEqual([...refuseProtected([repair], [path])], [repair]);
  t.throws(() => refuseProtected([repair, remove], [path]), { instanceOf: CertmendError });
});
