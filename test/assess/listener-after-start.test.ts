import test from 'ava';
import { assess } from '../../src/assess/assess.ts';
import { authorityCertificate, authorityItem, good, inputFor, listenerItem, node } from './sample-node.ts';

const old = node(listenerItem({ issuer: 'old-ca' }));

test('assess says of an old listener under a running service where it comes back from, and the way out', (t) => {
  const [found] = assess(inputFor(old, { serviceRunning: true })).findings;
  t.like(found, { code: 'ListenerIssuerMismatch', severity: 'critical', answer: 'regenerate-listener' });
  t.regex(
    found?.message ?? '',
    /systemctl restart rke2-server.*; if it comes back after a start, rke2 took it from its Secret: '\/var\/lib\/rancher\/rke2\/bin\/kubectl' --kubeconfig \S+ -n kube-system delete secret rke2-serving; systemctl restart rke2-server/,
  );
});

test('assess says nothing of it while the service is down: the boot hook asks for a new one', (t) => {
  const [found] = assess(inputFor(old, { serviceRunning: false })).findings;
  t.is(found?.answer, 'regenerate-listener');
  t.false(found?.message.includes('Secret'));
});

test('assess says of an old listener that the bundle of the authority still covers that it does no harm, and asks for nothing', (t) => {
  const bundle = good([authorityCertificate('server-ca'), authorityCertificate('old-ca')]);
  const covered = node(authorityItem('server-ca', { certificates: bundle }), listenerItem({ issuer: 'old-ca' }));
  for (const serviceRunning of [true, false]) {
    const { findings, health, rows } = assess(inputFor(covered, { serviceRunning }));
    const found = findings.find(({ id }) => id === 'dynamic-cert');
    t.like(found, { code: 'ListenerOutdated', severity: 'note', answer: 'none' });
    t.regex(found?.message ?? '', /predates the current authority: old-ca signed it. It is harmless, since /);
    t.false(health.reasons.some(({ id }) => id === 'dynamic-cert'));
    t.is(rows.find(({ id }) => id === 'dynamic-cert')?.status, 'OK');
  }
});
