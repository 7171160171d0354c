import { readdirSync } from 'node:fs';
import type { FuzzTarget } from './target.ts';

/** Every target of test/fuzz/targets/, in order of the file names. */
export async function loadTargets(): Promise<readonly FuzzTarget[]> {
  const directory = new URL('targets/', import.meta.url);
  const names = readdirSync(directory).filter((name) => name.endsWith('.ts'));
  return Promise.all(
    names.sort().map(async (name) => {
      const module = (await import(new URL(name, directory).href)) as { readonly target?: FuzzTarget };
      if (module.target === undefined) throw new TypeError(`${name} exports no target`);
      return module.target;
    }),
  );
}
