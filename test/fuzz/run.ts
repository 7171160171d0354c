import { randomInt } from 'node:crypto';
import { hammer } from './hammer.ts';
import { loadTargets } from './load-targets.ts';

/** `npm run fuzz -- [seconds per target] [seed] [target]`: the targets of the tests, for as long as one likes. */
const [seconds = '30', seedText = String(randomInt(2 ** 31)), only = ''] = process.argv.slice(2);
const [milliseconds, seed] = [Number(seconds) * 1000, Number(seedText)];
if (!(milliseconds > 0) || !Number.isSafeInteger(seed)) {
  console.error('usage: npm run fuzz -- [seconds per target] [seed] [target]');
  process.exit(64);
}

console.log(`seed ${seed}`);
for (const target of (await loadTargets()).filter(({ name }) => name.includes(only))) {
  const { runs, slowestMs, blow } = hammer(target, seed, { milliseconds, maxMs: 500 });
  console.log(
    `${target.name}: ${runs} inputs, slowest ${slowestMs.toFixed(1)} ms${blow === undefined ? '' : ', BROKEN'}`,
  );
  if (blow !== undefined) {
    console.error(blow.error, `\ninput, base64: ${blow.input.toString('base64')}`);
    process.exitCode = 1;
  }
}
