import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { program } from './built.ts';

const load = createRequire(import.meta.url);
/** What the program begins with, and what its ordinary way adds to that. */
const parts: Readonly<Record<string, unknown>> = {
  ...(load(program) as object),
  ...(load(join(dirname(program), 'chunks', 'ordinary.cjs')) as object),
};

/**
 * A module out of the program that ships, as it runs there, by its path in the source. What it loads late it loads from
 * the files of that program. `build/bundle.ts` says which modules can be had.
 *
 * @example const { main } = builtModule<typeof import('../../src/cli/main.ts')>('src/cli/main.ts');
 */
// The caller says what it is: the path does not.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
export function builtModule<Module>(path: `src/${string}.ts`): Module {
  const module = parts[path];
  if (module === undefined) throw new Error(`${path} is no export of ${program}; build/bundle.ts names those that are`);
  return module as Module;
}
