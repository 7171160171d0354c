import test from 'ava';
import { hasSubject, namesLacking, usageFault } from '../../src/assess/leaf-checks.ts';
import type { Certificate } from '../../src/x509/certificate.ts';

/** A leaf with these fields; the checks read no others. */
function leaf(fields: Partial<Certificate>): Certificate {
  const usual = { isAuthority: false, commonName: 'n', organizations: [], dnsNames: [], ipAddresses: [] };
  return { ...usual, ...fields } as unknown as Certificate;
}

const serverAuth = '1.3.6.1.5.5.7.3.1';

const usages: readonly (readonly [what: string, fields: Partial<Certificate>, fault: RegExp | undefined])[] = [
  ['what its consumer does', { extendedKeyUsages: [serverAuth] }, undefined],
  ['everything, for it limits nothing (RFC 5280 4.2.1.12)', { extendedKeyUsages: undefined }, undefined],
  ['every extended usage by anyExtendedKeyUsage', { extendedKeyUsages: ['2.5.29.37.0'] }, undefined],
  ['another extended usage', { extendedKeyUsages: ['1.3.6.1.5.5.7.3.2'] }, /^may not be used for 1\.3\.6/],
  ['no signature', { keyUsages: ['keyEncipherment'] }, /digitalSignature/],
  ['signing others', { isAuthority: true }, /authority, not a leaf/],
];
for (const [what, fields, fault] of usages) {
  test(`usageFault of a leaf that is for ${what}`, (t) => {
    const found = usageFault(leaf(fields), [serverAuth]);
    if (fault === undefined) t.is(found, undefined);
    else t.regex(found ?? '', fault);
  });
}

test('namesLacking goes by RFC 5280 7.2, and never asks for a name that no certificate can hold', (t) => {
  const own = leaf({ dnsNames: ['API.example'], ipAddresses: ['10.0.0.1'] });
  t.deepEqual(namesLacking(own, ['api.EXAMPLE', '10.0.0.1']), []);
  t.deepEqual(namesLacking(own, ['api.example', 'other.example', 'other.example', '::1', 'a b']), [
    'other.example',
    '::1',
  ]);
});

test('hasSubject takes organizations as a set, and cannot compare with a name that is not known', (t) => {
  const own = leaf({ commonName: 'system:node:a', organizations: ['x', 'y'] });
  const identity = { dnsNames: [], ipAddresses: [] };
  t.true(hasSubject(own, { ...identity, commonName: 'system:node:a', organizations: ['y', 'x', 'y'] }));
  t.true(hasSubject(own, { ...identity, commonName: '', organizations: ['x', 'y'] }));
  t.false(hasSubject(own, { ...identity, commonName: 'system:node:b', organizations: ['x', 'y'] }));
  t.false(hasSubject(own, { ...identity, commonName: 'system:node:a', organizations: ['x'] }));
});
