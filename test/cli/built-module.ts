import { createRequire } from 'node:module';
import { program } from './built.ts';

const parts = createRequire(import.meta.url)(program) as Readonly<Record<string, unknown>>;

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
