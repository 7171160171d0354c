import { mutate } from './mutate.ts';
import { seededRandom } from './random.ts';
import type { FuzzTarget } from './target.ts';

export interface Blow {
  readonly input: Buffer;
  /** `threw` what the parser promised not to, or took longer than it may. */
  readonly error: unknown;
}

export interface Hammering {
  readonly runs: number;
  readonly slowestMs: number;
  /** The first input that broke the target. */
  readonly blow: Blow | undefined;
}

/** For an input of at most 64 KiB; a parser that needs more has a loop it should not have. */
const maxMs = 500;

/** Feeds a target its seeds and then mutants of them until the time is over or the first input breaks it. */
export function hammer(target: FuzzTarget, seed: number, milliseconds: number): Hammering {
  const random = seededRandom(seed);
  const corpus = target.seeds();
  const end = performance.now() + milliseconds;
  let slowestMs = 0;
  let runs = 0;
  for (; runs < corpus.length || performance.now() < end; runs += 1) {
    const input = corpus[runs] ?? mutate(random.pick(corpus), random, corpus);
    try {
      const took = Math.min(time(target, input), maxMs + 1);
      // Another process may have had the machine: only what is slow each time is slow.
      const tookAgain = took > maxMs ? Math.min(time(target, input), time(target, input)) : took;
      slowestMs = Math.max(slowestMs, tookAgain);
      if (tookAgain > maxMs) throw new Error(`took ${Math.round(tookAgain)} ms`);
    } catch (error) {
      return { runs, slowestMs, blow: { input, error } };
    }
  }
  return { runs, slowestMs, blow: undefined };
}

function time(target: FuzzTarget, input: Buffer): number {
  // A parser that writes into its input would spoil the next run.
  const copy = Buffer.from(input);
  const start = performance.now();
  target.run(copy);
  const took = performance.now() - start;
  if (!copy.equals(input)) throw new Error('the input was written to');
  return took;
}
