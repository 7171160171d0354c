import test from 'ava';
import { recoverySentence } from '../../src/session/recovery.ts';

const transaction = {
  id: '00112233445566aa',
  generation: 0,
  previous: null,
  reason: 'LeafRenewDue',
  startedAt: '2027-12-05T00:00:00.000Z',
} as const;
const kubelet = '/var/lib/rancher/rke2/agent/client-kubelet.crt';

test('recoverySentence names the agent part, which is in no generation, and never a generation 0', (t) => {
  const completed = recoverySentence({ kind: 'completed', transaction, changed: [kubelet], left: [] });
  t.is(completed, 'an interrupted commit of the agent part was completed (1 files)');
  t.regex(
    recoverySentence({ kind: 'undone', transaction, restored: [kubelet] }) ?? '',
    /commit of the agent part could/,
  );
  const other = {
    kind: 'completed',
    transaction,
    changed: ['/var/lib/rancher/rke2/server/tls/x.key'],
    left: [],
  } as const;
  t.regex(recoverySentence(other) ?? '', /commit of files that belong to no generation was completed/);
});
