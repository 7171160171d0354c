import type { Parsed } from '../../src/x509/parsed.ts';

/**
 * The promise of every parser of the inventory: a value, or problems that are short and printable and quote nothing.
 * @returns the value, undefined when there is none
 */
export function expectParsed<T>(result: Parsed<T>): T | undefined {
  if (result.ok) return result.value;
  if (result.problems.length === 0) throw new Error('damaged without a problem');
  for (const problem of result.problems)
    if (!/^[\x20-\x7e]{1,160}$/.test(problem)) throw new Error(`not fit for a terminal: ${JSON.stringify(problem)}`);
  return undefined;
}
