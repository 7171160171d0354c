import test from 'ava';
import { assess } from '../../src/assess/assess.ts';
import { inUse } from '../../src/doctor/in-use.ts';
import type { Examined } from '../../src/doctor/examined.ts';
import type { Certificate } from '../../src/x509/certificate.ts';
import { apiServer, day, inputFor, leafCertificate, leafItem, node, now } from '../assess/sample-node.ts';

const entry = { ...apiServer, port: 6443 };
const inventory = node(leafItem(entry));

function examined(...shown: readonly Certificate[]): readonly Examined[] {
  const served = shown.length === 0 ? new Map() : new Map([[6443, shown]]);
  const assessment = assess(inputFor(inventory, { serviceRunning: true, served }));
  return inUse({ assessment, layout: inventory.layout });
}

test('doctor says that what runs serves what is on disk, what still lasts, and says nothing where nobody answers', (t) => {
  t.deepEqual(examined(), []);
  const [current] = examined(leafCertificate(entry));
  t.like(current, { check: 'in-use', level: 'ok', message: '1 of 1 served certificates match the disk' });
  const [old] = examined(leafCertificate(entry, { key: 'an older key', notAfter: now + 100 * day }));
  t.like(old, { level: 'ok' });
  t.regex(old?.message ?? '', /^0 of 1 .*; not serving-kube-apiserver$/);
});

test('doctor says of what is served and ends soon when, with the one command', (t) => {
  for (const [days, level] of [
    [20, 'warning'],
    [3, 'critical'],
  ] as const) {
    const [found, ...others] = examined(leafCertificate(entry, { key: 'an older key', notAfter: now + days * day }));
    t.deepEqual(others, []);
    t.like(found, { check: 'in-use', level, hint: 'systemctl restart rke2-server.service' });
    t.regex(found?.message ?? '', /\(in \d+ days\)$/);
  }
});
