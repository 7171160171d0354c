import test from 'ava';
import { assess } from '../../src/assess/assess.ts';
import { leafRules } from '../../src/assess/rules/leaf/leaf.ts';
import type { Assessment } from '../../src/assess/assessment.ts';
import type { Certificate } from '../../src/x509/certificate.ts';
import {
  ahead,
  apiServer,
  day,
  inputFor,
  kubelet,
  leafCertificate,
  leafItem,
  listenerItem,
  node,
  now,
  type CertificateShape,
} from './sample-node.ts';

const port = 6443;
const entry = { ...apiServer, port };
const path = entry.certificatePath;

/** A node whose API server answers with this, while the file holds one that began 65 days ago and lasts 300 more. */
function serving(shown: readonly Certificate[], change: Parameters<typeof inputFor>[1] = {}): Assessment {
  const served = new Map([[port, shown]]);
  return assess(inputFor(node(leafItem(entry)), { serviceRunning: true, served, ...change }));
}

function old(shape: Partial<CertificateShape>): readonly Certificate[] {
  return [leafCertificate(entry, { key: 'an older key', ...shape })];
}

function foundIn({ findings }: Assessment): Assessment['findings'] {
  return findings.filter(({ id }) => id === entry.id);
}

test('a served leaf that is the one in its file is in use, and no finding', (t) => {
  const seen = serving([leafCertificate(entry)]);
  t.deepEqual(foundIn(seen), []);
  t.like(seen.rows.find(({ id }) => id === entry.id)?.served, { current: true, notAfter: now + 300 * day });
});

test('a served leaf that is older than its file is a note while it lasts, and the health does not suffer', (t) => {
  const seen = serving(old({ notBefore: now - 200 * day, notAfter: now + 31 * day }));
  const [one, ...others] = foundIn(seen);
  t.deepEqual(others, []);
  t.like(one, { code: 'ServedStale', severity: 'note', answer: 'none', path });
  t.regex(
    one?.message ?? '',
    /^port 6443 \(kube-apiserver\) does not serve the certificate in .* that one expires at 2026-07-02/,
  );
  t.is(seen.health.level, 'ok');
  t.like(
    seen.rows.find(({ id }) => id === entry.id),
    {
      status: 'OK',
      served: { current: false, notAfter: now + 31 * day },
    },
  );
});

for (const [left, severity, step, words] of [
  [29, 'warning', 30, /which expires at 2026-06-30T00:00:00Z \(in 29 days\): systemctl restart rke2-server\.service$/],
  [13, 'critical', 14, /\(in 13 days\): systemctl restart/],
  [2, 'critical', 2, /\(in 2 days\): systemctl restart/],
  [-3, 'critical', 0, /which expired at .* \(3 days ago\): systemctl restart/],
] as const) {
  test(`a served leaf with ${String(left)} days left is an end like any other, though its file is sound`, (t) => {
    const seen = serving(old({ notBefore: now - 300 * day, notAfter: now + left * day }));
    const [one, ...others] = foundIn(seen);
    t.deepEqual(others, []);
    t.like(one, { code: 'ServedExpiring', severity, step, answer: 'operator' });
    t.regex(one?.message ?? '', words);
    t.is(seen.health.level, severity);
  });
}

test('a served leaf is not judged by a clock that is not believed', (t) => {
  const [one] = foundIn(serving(old({ notAfter: now - day }), { clock: ahead }));
  t.like(one, { code: 'ServedStale', severity: 'note' });
});

test('a served leaf under another common name is somebody else on the port, and nobody there is no answer', (t) => {
  for (const shown of [old({ commonName: 'proxy.example.test', notAfter: now - day }), []]) {
    const seen = serving(shown);
    t.deepEqual(foundIn(seen), []);
    t.is(seen.rows.find(({ id }) => id === entry.id)?.served, undefined);
  }
  const rule = leafRules.find(({ name }) => name === 'served');
  t.truthy(rule);
});

test('a served leaf that the product makes anew at its start is told once, with one command', (t) => {
  const serves = { ...kubelet, port: 10250 };
  const shown = [leafCertificate(serves, { key: 'an older key', notAfter: now + 5 * day })];
  const served = new Map([[10250, shown]]);
  const { findings } = assess(inputFor(node(leafItem(serves)), { serviceRunning: true, served }));
  const [one, ...others] = findings.filter(({ id }) => id === kubelet.id);
  t.deepEqual(others, []);
  t.like(one, { code: 'ServedExpiring', severity: 'critical' });
  t.is(one?.message.split('systemctl restart').length, 2);
});

test('what is served on a port of a leaf says nothing about the listener, and the other way round', (t) => {
  const shown = old({ notAfter: now + day });
  const onListener = new Map([[9345, shown]]);
  const input = inputFor(node(leafItem(entry), listenerItem()), { serviceRunning: true, served: onListener });
  t.deepEqual(foundIn(assess(input)), []);
  t.deepEqual(
    serving(shown).findings.filter(({ id }) => id === 'dynamic-cert'),
    [],
  );
});
