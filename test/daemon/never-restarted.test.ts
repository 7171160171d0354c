import test from 'ava';
import type { Ports } from '../../src/survey/ports.ts';
import { PowerCut } from '../crash/interrupted-writer.ts';
import { type Step } from './life.ts';
import {
  certificateOf,
  dyingAt,
  keyOf,
  endOf,
  nodeOf,
  lifeOf,
  settings,
  stateOf,
  records,
  never,
  renewable,
  hour,
  dayMs,
} from './running-node.ts';

/* A year and a half under one start of the service, and every instant at which the daemon may be killed (P1, P12). */

test('a daemon that is killed anywhere in a renewal leaves all old or all new, and the next one knows which', async (t) => {
  const counted = { calls: 0 };
  const reference = nodeOf(t);
  // A standby is there already: what is counted is the renewal.
  await lifeOf(reference, 40, [hour]);
  await lifeOf(reference, 20, [hour], { ports: dyingAt(Number.POSITIVE_INFINITY, counted) });
  t.is(stateOf(reference).renewal?.outcome, 'confirmed');
  const all = counted.calls;
  t.true(all > 50, String(all));
  const outcomes = new Set<string | undefined>();
  for (let nth = 2; nth <= all; nth += Math.ceil(all / 24)) {
    const node = nodeOf(t);
    await lifeOf(node, 40, [hour]);
    const ids = renewable(node);
    await t.throwsAsync(() => lifeOf(node, 20, [hour], { ports: dyingAt(nth, { calls: 0 }) }), {
      instanceOf: PowerCut,
    });
    await lifeOf(node, 20 - 1 / (24 * 60), [hour]);
    const isNew = ids.map((id) => endOf(node.tree, id) > node.end);
    t.true(
      isNew.every((is) => is === isNew[0]),
      `call ${String(nth)} of ${String(all)}`,
    );
    for (const id of ids) t.true(certificateOf(node.tree, id).checkPrivateKey(keyOf(node.tree, id)), id);

    const { renewal } = stateOf(node);
    outcomes.add(renewal?.outcome);
    t.is(renewal?.outcome === 'confirmed', isNew[0] === true, `call ${String(nth)}: ${String(renewal?.outcome)}`);
    t.not(renewal?.outcome, 'watching');
  }
  t.true(outcomes.has('confirmed'));
});

/** Half a year ahead for some days, and once years; set right each time. */
const jumps: ReadonlyMap<number, number> = new Map([
  [20, 180],
  [21, -180],
  [70, 1000],
  [71, -1000],
  [118, -400],
  [119, 400],
]);

const years: readonly (readonly [
  name: string,
  made: {
    readonly windows?: readonly string[];
    readonly jumps?: typeof jumps;
    readonly isFull?: (day: number) => boolean;
  },
])[] = [
  ['with its defaults', {}],
  ['with a window that hardly ever comes', { windows: never }],
  ['with a clock that is set wrong now and then', { jumps }],
  ['with a disk that is full for weeks', { isFull: (passed) => passed > 300 && passed < 353 }],
];
for (const [name, { windows = [], jumps: jumpsOn = new Map<number, number>(), isFull = () => false }] of years) {
  test(`in a year and a half without a restart no certificate of a server expires that certmend renews: ${name}`, async (t) => {
    const node = nodeOf(t);
    const ids = renewable(node);
    let [passed, isWrong] = [0, false];
    const steps = Array.from({ length: 183 }, (_, at): Step => () => {
      passed += 3;
      const now = node.end - 364 * dayMs + passed * dayMs;
      for (const id of ids) if (endOf(node.tree, id) < now) t.fail(`${id} on day ${String(passed)}`);
      const jump = jumpsOn.get(at) ?? 0;
      if (jump !== 0) isWrong = !isWrong;
      return { ms: 3 * dayMs, jumpMs: jump * dayMs };
    });
    const made = settings({ windows });
    const full = (ports: Ports): Ports => ({
      ...ports,
      synchronisation: () => (isWrong ? 'not-synchronised' : 'synchronised'),
      writeSide: async () => {
        const side = await ports.writeSide();
        const storage: typeof side.storage = { free: () => ({ bytes: 0, inodes: 0 }) };
        return isFull(passed) ? { ...side, storage } : side;
      },
    });
    await lifeOf(node, 364, steps, { settings: made, ports: full });
    t.is(passed, 549);
    t.is(stateOf(node).renewal?.outcome, 'confirmed');
    t.is(records(node, 'committed').length, 1);
  });
}
