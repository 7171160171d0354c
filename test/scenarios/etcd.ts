import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { join } from 'node:path';
import { copyTree, makeTree } from '../fixtures/tree.ts';
import { prestart, type Ended } from './certmend.ts';
import { etcdctl, planMembers, whileRunning, type Member } from './etcd-cluster.ts';
import { programs, type Scenario } from './scenario.ts';
import { inScratch } from './scratch.ts';

/** Debian's etcd, three members with mutual TLS for clients and peers: the judge of what a renewed set is worth. */
export const etcd: readonly Scenario[] = [
  {
    name: 'etcd with three members refuses the expired set and serves with the set that prestart made',
    needs: [programs.etcd, programs.etcdctl, programs.openssl, programs.flock, programs.cp],
    isHeavy: false,
    run: async () => await inScratch(expiredThenRenewed),
  },
];

async function expiredThenRenewed(scratch: string): Promise<string> {
  const expired = { leaf: 'expired', nodeIp: '127.0.0.1' } as const;
  const first = makeTree({ directory: join(scratch, '1'), ...expired, nodeName: 'node-1' });
  const second = makeTree({ directory: join(scratch, '2'), ...expired, nodeName: 'node-2', cluster: first });
  const third = makeTree({ directory: join(scratch, '3'), ...expired, nodeName: 'node-3', cluster: first });
  const stillExpired = copyTree(first, join(scratch, 'stale'));
  const members = await planMembers([first, second, third], scratch);

  await whileRunning(members, async (log) => {
    const answer = await etcdctl(first, members, 'put', 'when', 'expired');
    assert.notEqual(answer.status, 0, 'nobody is served with an expired set');
    // The members have not accepted each other either.
    await eventually(() => Promise.resolve(log().includes('certificate has expired') ? undefined : log()));

    // etcd reads its certificates at each handshake: the members that run find each other once the files are new.
    for (const { tree } of members) {
      const renewed = await prestart(tree, '--strict');
      assert.equal(renewed.status, 0, renewed.stderr);
    }
    await eventually(async () => failure(await etcdctl(first, members, 'endpoint', 'health', '--cluster')));
    assert.equal(failure(await etcdctl(first, members, 'put', 'when', 'renewed')), undefined);
  });

  // And after the restart that a boot is.
  return await whileRunning(members, async () => {
    await eventually(async () => failure(await etcdctl(second, members, 'endpoint', 'health', '--cluster')));
    for (const { tree } of members) {
      const answer = await etcdctl(tree, members, 'get', 'when', '--print-value-only');
      assert.equal(answer.stdout, 'renewed\n', answer.stderr);
    }
    const list = await etcdctl(third, members, 'member', 'list');
    assert.equal(list.stdout.match(/, started, /g)?.length, 3, list.stdout);
    await assertRefused(members, stillExpired);
    return '3 members, peer and client TLS; an expired client is still refused';
  });
}

async function assertRefused(members: readonly Member[], stale: Parameters<typeof etcdctl>[0]): Promise<void> {
  const answer = await etcdctl(stale, members, 'get', 'when');
  assert.notEqual(answer.status, 0, 'an expired client is refused by members whose own set is good');
}

function failure({ status, stderr }: Ended): string | undefined {
  return status === 0 ? undefined : stderr;
}

/** Asks until the answer is undefined, for ten minutes: a machine may be busy with other things. */
async function eventually(question: () => Promise<string | undefined>): Promise<void> {
  let last: string | undefined;
  for (let attempt = 0; attempt < 1200; attempt += 1) {
    last = await question();
    if (last === undefined) return;
    await wait(500);
  }
  assert.fail(`still not after ten minutes: ${(last ?? '').slice(-2000)}`);
}
