import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { program } from './built.ts';

const load = createRequire(import.meta.url);
const chunks = join(dirname(program), 'chunks');

/**
 * A module out of the program that ships, as it runs there, by its path in the source. What it loads late it loads from
 * the files of that program. `build/bundle.ts` says which modules can be had.
 *
 * @example const { main } = builtModule<typeof import('../../src/cli/main.ts')>('src/cli/main.ts');
 */
// The caller says what it is: the path does not.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
export function builtModule<Module>(path: `src/${string}.ts`): Module {
  const parts = load(program) as Readonly<Record<string, unknown>>;
  if (parts[path] !== undefined) return parts[path] as Module;
  // What a healthy boot never loads is in a file of its own; only that one is loaded here too.
  for (const name of readdirSync(chunks).filter((file) => file.endsWith('.cjs'))) {
    const file = join(chunks, name);
    if (!readFileSync(file, 'utf8').includes(`  "${path}": () =>`)) continue;
    return (load(file) as Readonly<Record<string, unknown>>)[path] as Module;
  }
  throw new Error(`${path} is no export of ${program}; build/bundle.ts names those that are`);
}
