import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';

/** Client-go looks at the files of a pair every five minutes: what takes longer than this does not come. */
const limitMs = 6 * 60_000;

/**
 * Waits for what must come; a question that throws is a failure.
 * @param everyMs between two questions
 */
export async function until(
  what: string,
  question: () => Promise<boolean> | boolean,
  everyMs = 1000,
  withinMs = limitMs,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await question())) {
    assert.ok(performance.now() < deadline, `not within ${String(withinMs / 60_000)} minutes: ${what}`);
    await wait(everyMs);
  }
}
