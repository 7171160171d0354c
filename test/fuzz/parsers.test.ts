import test from 'ava';
import { hammer } from './hammer.ts';
import { loadTargets } from './load-targets.ts';

// The same inputs each time: what CI finds, everybody finds. `npm run fuzz` takes a seed of its own.
const seed = 20260301;
const inputs = 5000;

for (const target of await loadTargets()) {
  test.serial(`${target.name} neither throws nor hangs on mutants of its inputs`, (t) => {
    const { runs, blow } = hammer(target, seed, { inputs });
    t.log(`${runs} inputs`);
    t.is(blow?.error, undefined, blow === undefined ? '' : `input, base64: ${blow.input.toString('base64')}`);
  });
}
