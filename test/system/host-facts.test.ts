import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname, networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import {
  chooseAddresses,
  defaultInterfaces,
  defaultInterfaces6,
  hostnameOf,
  readHostFacts,
} from '../../src/system/host-facts.ts';

function tree(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'certmend-host-'));
  mkdirSync(join(root, 'etc'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  return root;
}

test('host facts of another root come from its files and never have addresses', (t) => {
  const root = tree({
    'etc/hostname': '# made\n\nEdge-7.example\n',
    'etc/machine-id': '0123456789abcdef0123456789abcdef\n',
  });
  t.teardown(() => {
    rmSync(root, { recursive: true });
  });
  t.deepEqual(readHostFacts(root), {
    hostname: 'Edge-7.example',
    machineId: '0123456789abcdef0123456789abcdef',
    defaultAddresses: [],
  });
});

test('host facts of an empty, uninitialised or hostile tree are empty', (t) => {
  const empty = tree({});
  const odd = tree({ 'etc/machine-id': 'uninitialized\n' });
  symlinkSync('/etc/hostname', join(odd, 'etc/hostname'));
  t.teardown(() => {
    rmSync(empty, { recursive: true });
    rmSync(odd, { recursive: true });
  });
  const nothing = { hostname: '', machineId: '', defaultAddresses: [] };
  t.deepEqual(readHostFacts(empty), nothing);
  t.deepEqual(readHostFacts(odd), nothing);
  t.deepEqual(readHostFacts(join(empty, 'nowhere')), nothing);
});

test('host facts of the running host name it and only its own addresses', (t) => {
  const facts = readHostFacts('/');
  const own = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((one) => one.address));
  t.is(facts.hostname, hostname());
  t.regex(facts.machineId, /^([0-9a-f]{32})?$/);
  for (const address of facts.defaultAddresses) t.true(own.includes(address));
});

test('host name file: comments and blank lines are skipped', (t) => {
  t.is(hostnameOf('#x\n\n  node-1  \nother\n'), 'node-1');
  t.is(hostnameOf(''), '');
});

const route4 = [
  'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
  'eth1\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
  'eth0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0',
  'wlan0\t00000000\t0103A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0',
  '',
].join('\n');
const none = '0'.repeat(32);
const route6 = [
  `20010db8000000000000000000000000 40 ${none} 00 ${none} 00000100 00000001 00000000 00000001     eth0`,
  `${none} 00 ${none} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth2`,
  `${none} 00 ${none} 00 ${none} ffffffff 00000001 00000000 00200200       lo`,
  '',
].join('\n');

test('default routes are found in the tables of the kernel, in their order', (t) => {
  t.deepEqual(defaultInterfaces(route4), ['eth0', 'wlan0']);
  t.deepEqual(defaultInterfaces6(route6), ['eth2']);
  t.deepEqual(defaultInterfaces(''), []);
});

test('default addresses are the first global ones of the default route, IPv4 first', (t) => {
  const addresses = {
    eth0: [
      { address: '169.254.1.1', family: 'IPv4' },
      { address: '192.0.2.10', family: 'IPv4' },
      { address: '192.0.2.11', family: 'IPv4' },
    ],
    eth2: [
      { address: 'fe80::1', family: 'IPv6' },
      { address: '::1', family: 'IPv6' },
      { address: 'fd00::5', family: 'IPv6' },
    ],
  } as const;
  t.deepEqual(chooseAddresses({ ipv4: ['eth9', 'eth0'], ipv6: ['eth2'] }, addresses), ['192.0.2.10', 'fd00::5']);
  t.deepEqual(chooseAddresses({ ipv4: [], ipv6: ['eth2'] }, addresses), ['fd00::5']);
  t.deepEqual(chooseAddresses({ ipv4: ['eth0'], ipv6: [] }, addresses), ['192.0.2.10']);
  t.deepEqual(chooseAddresses({ ipv4: [], ipv6: [] }, addresses), []);
});
