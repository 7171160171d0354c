import { isBuiltin } from 'node:module';
import { join, posix, relative, resolve } from 'node:path';
import { build, type BuildOptions, type BuildResult, type Plugin } from 'esbuild';
import type { Part, Parts } from './parts.ts';

export interface Setting {
  /** Directory of the checkout. */
  readonly project: string;
  /** Directory of the program. */
  readonly output: string;
  readonly options: BuildOptions;
  /** Modules, by the paths of the source, that a part has to have for others. */
  readonly wantedOf: (part: Part) => readonly string[];
}

/** Where modules of another part are looked up. */
const elsewhere = 'elsewhere';

/**
 * Makes one file of the program. A module of another part becomes a property of that part's exports, under its path in
 * the source. All of it is said to the bundler in its own terms: what it writes is not touched afterwards.
 */
export async function bundlePart(
  part: Part,
  parts: Parts,
  setting: Setting,
): Promise<BuildResult<{ write: false; metafile: true }>> {
  const { project, output, options, wantedOf } = setting;
  const isBoot = part === parts.boot;
  const start = isBoot ? ['import "./src/main.ts";'] : [];
  const exported = wantedOf(part).map((module) => `export * as ${JSON.stringify(module)} from "./${module}";`);
  return await build({
    ...options,
    absWorkingDir: project,
    write: false,
    metafile: true,
    format: 'cjs',
    ...(part.package === undefined
      ? { stdin: { contents: [...start, ...exported].join('\n'), resolveDir: project, sourcefile: part.file } }
      : { entryPoints: [part.package] }),
    outfile: join(output, part.file),
    // CommonJS has neither; yargs asks where it stands.
    define: { ...options.define, 'import.meta.url': 'moduleUrl', 'import.meta.main': 'isMain' },
    inject: [join(project, 'build', 'import-meta.js')],
    ...(isBoot ? { banner: { js: '#!/usr/bin/env node' } } : {}),
    plugins: [otherParts(part, parts, project)],
  });
}

function otherParts(part: Part, parts: Parts, project: string): Plugin {
  const from = posix.dirname(part.file);
  const pathTo = ({ file }: Part): string => {
    const path = posix.relative(from, file);
    return path.startsWith('.') ? path : `./${path}`;
  };
  return {
    name: 'other-parts',
    setup: (bundler) => {
      bundler.onResolve({ filter: /.*/ }, ({ path, resolveDir, namespace, kind }) => {
        if (namespace === elsewhere) return { path, external: true };
        if (kind === 'entry-point' || isBuiltin(path)) return undefined;
        const name = path.startsWith('.') ? relative(project, resolve(resolveDir, path)) : path;
        const holder = parts.holderOf(name);
        if (holder === undefined || holder === part) return undefined;
        if (holder.package !== undefined) return { path: pathTo(holder), external: true };
        return { path: name, namespace: elsewhere };
      });
      bundler.onLoad({ filter: /.*/, namespace: elsewhere }, ({ path }) => {
        const holder = parts.holderOf(path);
        if (holder === undefined) return { errors: [{ text: `${path} is in no part of the program` }] };
        const file = JSON.stringify(pathTo(holder));
        return { contents: `module.exports = require(${file})[${JSON.stringify(path)}];`, loader: 'js' };
      });
    },
  };
}
