import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The directory of the checkout. */
export const project = join(import.meta.dirname, '..');

/** Text of a file of the checkout. */
export function readProject(...path: readonly string[]): string {
  return readFileSync(join(project, ...path), 'utf8');
}
