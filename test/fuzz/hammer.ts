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

/**
 * How long to go on. A number of inputs is the same everywhere, however busy the machine is, and no input is judged by
 * its time: one that hangs is the test runner's to end. For a while is for a person at a quiet machine: there, an input of
 * at most 64 KiB that takes longer than `maxMs` has found a loop that should not be.
 */
export type Endurance = { readonly inputs: number } | { readonly milliseconds: number; readonly maxMs: number };

/** Feeds a target its seeds and then mutants of them, until it is enough or the first input breaks it. */
export function hammer(target: FuzzTarget, seed: number, endurance: Endurance): Hammering {
  const random = seededRandom(seed);
  const corpus = target.seeds();
  const maxMs = 'maxMs' in endurance ? endurance.maxMs : Infinity;
  const goesOn = lasting(endurance);
  let slowestMs = 0;
  let runs = 0;
  for (; runs < corpus.length || goesOn(runs); runs += 1) {
    const input = corpus[runs] ?? mutate(random.pick(corpus), random, corpus);
    try {
      const took = time(target, input);
      // Another process may have had the machine: only what is slow each time is slow.
      const tookAgain = took > maxMs ? Math.min(took, time(target, input), time(target, input)) : took;
      slowestMs = Math.max(slowestMs, tookAgain);
      if (tookAgain > maxMs) throw new Error(`took ${Math.round(tookAgain)} ms`);
    } catch (error) {
      return { runs, slowestMs, blow: { input, error } };
    }
  }
  return { runs, slowestMs, blow: undefined };
}

function lasting(endurance: Endurance): (runs: number) => boolean {
  if ('inputs' in endurance) return (runs) => runs < endurance.inputs;
  const end = performance.now() + endurance.milliseconds;
  return () => performance.now() < end;
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
