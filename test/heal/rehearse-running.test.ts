import test, { type ExecutionContext } from 'ava';
import { noArguments } from '../../src/cli/command.ts';
import type { Io } from '../../src/cli/io.ts';
import { scratchCopy } from '../../src/composition.ts';
import { rehearseRunning } from '../../src/heal/rehearse-running.ts';
import { runningRehearsalReport, type RunningRehearsalReport } from '../../src/report/rehearsal/running-rehearsal.ts';
import type { Ports } from '../../src/survey/ports.ts';
import { dayMs, certificateOf, endOf, hour, lifeOf, nodeOf, stateOf, type Node } from '../daemon/running-node.ts';
import { portsAt } from '../road/run-at.ts';
import { temporaryTree } from '../road/temporary-tree.ts';

/* A service that can be asked: it is asked what it serves now, as by a check, and nothing else. */

const silent: Io = {
  stdout: { write: () => undefined, isTerminal: false, columns: undefined },
  stderr: { write: () => undefined, isTerminal: false, columns: undefined },
  env: { PATH: process.env['PATH'] },
  confirm: undefined,
  damagedParts: () => [],
};

/** Its set has twenty days left, its agent part years. */
function nearItsEnd(t: ExecutionContext): Node {
  const now = Date.now();
  const atStart = temporaryTree(t, { product: 'rke2' }).leaves.filter(({ reissuedAtStart }) => reissuedAtStart);
  const years = { notBefore: now - dayMs, notAfter: now + 3000 * dayMs };
  const tree = temporaryTree(t, {
    product: 'rke2',
    leaf: { notBefore: now - 345 * dayMs, notAfter: now + 20 * dayMs },
    exceptions: Object.fromEntries(atStart.map(({ id }) => [id, years])),
  });
  return { ...nodeOf(t), tree, end: endOf(tree, 'serving-kube-apiserver') };
}

async function rehearsed(
  { tree, is }: Node,
  at: string | undefined,
  how: { readonly running: boolean; readonly asked: string[] },
): Promise<RunningRehearsalReport> {
  const { asked } = how;
  const ports: Ports = {
    ...(await portsAt(tree.root, '+0d', { unit: tree.unit })),
    serviceRunning: () => how.running,
    unitRun: () => (how.running ? { state: 'up', invocation: is.invocation, forMs: is.activeForMs } : undefined),
    servedChain: (port) => {
      asked.push(`port ${String(port)}`);
      return Promise.resolve(port === 6443 ? [certificateOf(tree, 'serving-kube-apiserver').raw] : undefined);
    },
    askHealth: ({ path }) => {
      asked.push(path);
      return Promise.resolve({ is: 'ill', problem: 'answers with 500' });
    },
    restartUnit: () => {
      asked.push('restart');
      return undefined;
    },
  };
  const args = { ...noArguments, root: tree.root, at };
  const rehearsal = await rehearseRunning(ports, () => scratchCopy(ports, args, silent));
  return runningRehearsalReport(rehearsal, tree.root);
}

test('rehearse --running asks the ports of the service once, and never for its health', async (t) => {
  const node = nearItsEnd(t);
  const asked: string[] = [];
  const report = await rehearsed(node, '+10d', { running: true, asked });
  t.deepEqual(report.service, { running: true, answering: [6443] });
  t.regex(report.notRehearsed[0] ?? '', /it runs now, and ports 6443 answer$/);
  t.deepEqual(
    report.renewals.map(({ decision }) => decision),
    ['renewed'],
  );
  t.is(new Set(asked).size, asked.length, asked.join(' '));
  t.true(asked.length > 5 && asked.every((what) => what.startsWith('port ')), asked.join(' '));
  const down: string[] = [];
  const stopped = await rehearsed(node, '+10d', { running: false, asked: down });
  t.deepEqual(stopped.service, { running: false, answering: null });
  t.regex(stopped.notRehearsed[0] ?? '', /it does not run now$/);
  t.is(stopped.renewals.length, 1);
  t.deepEqual(down, []);
});

test('rehearse --running without a time does at once what is due', async (t) => {
  const node = nearItsEnd(t);
  const report = await rehearsed(node, undefined, { running: true, asked: [] });
  t.is(report.liveRenewal.state, 'due');
  t.is(report.appointment?.at, report.now);
  t.deepEqual(
    report.renewals.map(({ decision, phase }) => [decision, phase]),
    [['renewed', 'usual']],
  );
  t.true(report.keepsRunning);
});

test('rehearse --running knows what a process holds since its start, and that it does not after the next one', async (t) => {
  const node = nearItsEnd(t);
  await lifeOf(node, 20, [hour]);
  t.is(stateOf(node).renewal?.outcome, 'confirmed');
  const same = await rehearsed(node, '+30d', { running: true, asked: [] });
  t.like(same.left[0], { what: 'restart', id: 'etcd/client' });
  t.true(Math.abs(Date.parse(same.left[0]?.before ?? '') - node.end) < 2000);
  t.false(same.keepsRunning);
  node.is.invocation = 'b';
  const anew = await rehearsed(node, '+30d', { running: true, asked: [] });
  t.true(anew.keepsRunning, JSON.stringify(anew.after));
  t.not(anew.left[0]?.id, 'etcd/client');
  // Nobody can be asked: the date stands.
  const unknown = await rehearsed(node, '+30d', { running: false, asked: [] });
  t.false(unknown.keepsRunning);
});
