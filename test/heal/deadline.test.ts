import test from 'ava';
import { readdirSync } from 'node:fs';
import { prestart } from '../../src/heal/prestart.ts';
import { ownPaths } from '../../src/disk/own-paths.ts';
import { changedPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { portsAt } from '../road/run-at.ts';
import { temporaryTree } from '../road/temporary-tree.ts';

/*
 * The last moment of the preparation: its clock leaps when the first live file gets its second name. The hook is ended
 * 74 s after its start, whatever it does, and what follows the commit point may take half as long as what came before it.
 */
for (const [what, deadlineMs, leapMs, isLate] of [
  ['stops when the deadline passed during the preparation', 20_000, 30_000, true],
  ['stops when it might be ended before the commit is done', 70_000, 50_000, true],
  ['commits when there is time for half as much again', 70_000, 49_000, false],
] as const) {
  test(`prestart asks for the time again right before the journal is written, and ${what}`, async (t) => {
    const { root, now, dataDir } = temporaryTree(t, { leaf: 'expired' });
    const before = fingerprintTree(`${root}${dataDir}`);
    const ports = await portsAt(root, new Date(now).toISOString());
    const { writer, ...others } = await ports.writeSide();
    const renamed: string[] = [];
    let passed = 0;
    const run = prestart({
      ...ports,
      config: { ...ports.config, boot: { ...ports.config.boot, deadlineMs } },
      clock: { ...ports.clock, monotonic: () => passed },
      writeSide: () =>
        Promise.resolve({
          ...others,
          writer: {
            ...writer,
            link: (existing, created) => {
              passed = leapMs;
              writer.link(existing, created);
            },
            rename: (from, to) => {
              renamed.push(to);
              writer.rename(from, to);
            },
          },
        }),
    });
    if (isLate) await t.throwsAsync(run, { code: 'DeadlinePassed' });
    else t.is((await run).decision, 'rotated');
    t.is(passed, leapMs);
    t.is(renamed.includes(ownPaths.journal), !isLate);
    t.is(changedPaths(before, fingerprintTree(`${root}${dataDir}`)).length === 0, isLate);
    const strays = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.includes('.certmend-'),
    );
    t.deepEqual(strays, []);
  });
}
