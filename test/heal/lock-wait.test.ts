import test from 'ava';
import { CertmendError } from '../../src/error.ts';
import { prestart } from '../../src/heal/prestart.ts';
import { portsAt } from '../road/run-at.ts';
import { temporaryTree } from '../road/temporary-tree.ts';

/* How long the boot hook asks to wait for another certmend, by what is left of its deadline; nobody waits here. */
for (const [what, deadlineMs, spentMs, expected] of [
  ['what is left of a short deadline', 5000, 2000, 3000],
  ['forty seconds of a long one', 600_000, 2000, 40_000],
  ['nothing when the deadline has passed', 5000, 6000, 0],
] as const) {
  test(`prestart waits for the lock: ${what}`, async (t) => {
    const { root, now } = temporaryTree(t, { leaf: 'expired' });
    const ports = await portsAt(root, new Date(now).toISOString());
    const asked: number[] = [];
    let looks = 0;
    await t.throwsAsync(
      prestart({
        ...ports,
        config: { ...ports.config, boot: { ...ports.config.boot, deadlineMs } },
        // Zero when the deadline is set, and what was spent until then at each later look.
        clock: { ...ports.clock, monotonic: () => (looks++ === 0 ? 0 : spentMs) },
        writeSide: async () => ({
          ...(await ports.writeSide()),
          lock: (waitMs) => {
            asked.push(waitMs);
            throw new CertmendError('LockHeld', 'another certmend is working on this node');
          },
        }),
      }),
      { code: 'LockHeld' },
    );
    t.deepEqual(asked, [expected]);
  });
}
