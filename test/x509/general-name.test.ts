import { isIP } from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import { builtModule } from '../cli/built-module.ts';

const { isIPv6, normalAddress } =
  builtModule<typeof import('../../src/x509/general-name.ts')>('src/x509/general-name.ts');
const { firstServiceAddress } =
  builtModule<typeof import('../../src/layout/node-settings.ts')>('src/layout/node-settings.ts');

// The oracles are node's own: `net.isIP` for what is an address, the host parser of `URL` for its canonical text.

const addressTexts: readonly (readonly [text: string, normal: string | undefined])[] = [
  ['192.0.2.1', '192.0.2.1'],
  ['192.0.2.01', undefined],
  ['192.0.2.256', undefined],
  ['192.0.2', undefined],
  ['FD00:0:0:0:0:0:0:1', 'fd00::1'],
  ['fd00:0:1:0:1:0:1:0', 'fd00:0:1:0:1:0:1:0'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['1:0:0:2:3:0:0:4', '1::2:3:0:0:4'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::ffff:c000:201', '192.0.2.1'],
  ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['1:2:3:4:5:6:7:8::', undefined],
  ['1:2:3:4:5:6:7', undefined],
  ['1::2::3', undefined],
  [':::', undefined],
  ['1:', undefined],
  ['192.0.2.1::', undefined],
  ['::192.0.2.1:1', undefined],
  ['fe80::1%eth0', undefined],
  ['[::1]', undefined],
  ['localhost', undefined],
  ['', undefined],
];

test('addresses have one normal form', (t) => {
  for (const [text, normal] of addressTexts) t.is(normalAddress(text), normal, text);
});

const almost = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.array(fc.constantFrom(':', '::', '.', '0', '1', 'ff', 'FFFF', '10000', '255', '256', '1.2.3.4', 'g'), {
    maxLength: 17,
  }),
);

test('addresses are those that net.isIP takes for one, in the text that URL gives them', (t) => {
  fc.assert(
    fc.property(almost, (parts) => {
      const text = typeof parts === 'string' ? parts : parts.join('');
      const normal = normalAddress(text);
      t.is(normal !== undefined, isIP(text) !== 0, text);
      if (normal === undefined) return;
      const host = new URL(isIP(text) === 4 ? `http://${text}` : `http://[${text}]`).hostname.replace(/^\[|\]$/g, '');
      if (host.startsWith('::ffff:')) t.is(isIP(normal), 4, text);
      else t.is(normal, host, text);
      t.is(isIPv6(text), normal.includes(':'));
    }),
    { numRuns: 3000, seed: 20260824 },
  );
});

const networks: readonly (readonly [cidr: string, first: string | undefined])[] = [
  ['10.43.0.0/16', '10.43.0.1'],
  ['10.43.7.9/16', '10.43.0.1'],
  ['10.0.0.128/25', '10.0.0.129'],
  ['10.0.0.2/31', '10.0.0.3'],
  ['0.0.0.0/0', '0.0.0.1'],
  ['10.0.0.1/32', undefined],
  ['10.0.0.0/33', undefined],
  ['10.0.0.0', undefined],
  ['10.0.0.0/16/1', undefined],
  ['10.0.0.0/-1', undefined],
  ['fd00:43::/112', 'fd00:43::1'],
  ['fd00:43::ffff/111', 'fd00:43::1'],
  ['2001:db8::/127', '2001:db8::1'],
  ['', undefined],
];

test('addresses: the first of a service network is the network plus one', (t) => {
  for (const [cidr, first] of networks) t.is(firstServiceAddress(cidr), first, cidr);
});
