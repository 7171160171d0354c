import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import type { Metafile } from 'esbuild';

/** A file of the program: what of the source, or which package, is in it. */
export interface Part {
  /** Below the program's directory. */
  readonly file: string;
  /** Paths of the source, in the order of their names. Empty for a package. */
  readonly modules: readonly string[];
  /** A package with a file of its own: the name under which it is imported. */
  readonly package?: string;
}

export interface Parts {
  /** The part that the program begins with. */
  readonly boot: Part;
  readonly late: readonly Part[];
  /** The part that has a path of the source, or a package with a file of its own. */
  readonly holderOf: (name: string) => Part | undefined;
}

type Inputs = Metafile['inputs'];

/**
 * Decides which file of the program each module of the source is in. What the entry needs at once is one file, and what
 * its ordinary way needs beyond that is a second one. Of the
 * rest, what is needed by the same late imports is one file: nobody loads what it does not need, and each module is
 * there once, so that a class and a variable are the same for all. Between these files there is no circle: in one, every
 * module would be needed by the same late imports, and all of it one file.
 *
 * A package that several files need, or that is asked for by a call of `require`, has a file of its own; any other goes
 * into the file that needs it.
 *
 * @param inputs of a build whose packages stayed outside
 * @param ordinary module that the entry imports late, and nearly always
 */
export function divide(inputs: Inputs, entry: string, entryFile: string, ordinary?: string): Parts {
  const imports = (module: string): Inputs[string]['imports'] => inputs[module]?.imports ?? [];
  const reached = (from: string): ReadonlySet<string> => {
    const seen = new Set<string>();
    const follow = (module: string): void => {
      if (seen.has(module)) return;
      seen.add(module);
      for (const { path, kind } of imports(module)) if (kind === 'import-statement' && path in inputs) follow(path);
    };
    follow(from);
    return seen;
  };
  const boot = reached(entry);
  const second = new Set(ordinary === undefined ? [] : [...reached(ordinary)].filter((module) => !boot.has(module)));
  const sources = Object.keys(inputs).sort();
  const lateImports = sources.flatMap((module) =>
    imports(module).flatMap(({ path, kind }) => (kind === 'dynamic-import' && path in inputs ? [path] : [])),
  );
  const needers = new Map<string, string[]>();
  for (const root of [...new Set(lateImports)].sort()) {
    for (const module of reached(root))
      if (!boot.has(module) && !second.has(module)) needers.set(module, [...(needers.get(module) ?? []), root]);
  }
  const late = Map.groupBy([...needers.keys()].sort(), (module) => needers.get(module)?.join(' ') ?? '');
  const parts: Part[] = [
    { file: entryFile, modules: [...boot].sort() },
    ...(second.size === 0 ? [] : [{ file: 'chunks/ordinary.cjs', modules: [...second].sort() }]),
    ...[...late].map(([roots, modules]): Part => ({ file: `chunks/${nameOf(modules, roots)}.cjs`, modules })),
  ];
  const holders = new Map(parts.flatMap((part) => part.modules.map((module) => [module, part] as const)));
  const wanted = sources.flatMap((module) =>
    imports(module).flatMap(({ path, kind, external }) =>
      external === true && !isBuiltin(path) ? [{ name: path, by: holders.get(module), kind }] : [],
    ),
  );
  for (const [name, askers] of Map.groupBy(wanted, (one) => one.name)) {
    const alone = new Set(askers.map(({ by }) => by)).size === 1;
    if (alone && askers.every(({ kind }) => kind === 'import-statement')) continue;
    const part = { file: `chunks/${name.replaceAll(/[^\w]+/g, '-')}.cjs`, modules: [], package: name };
    parts.push(part);
    holders.set(name, part);
  }
  const [first, ...rest] = parts;
  if (first === undefined || new Set(parts.map(({ file }) => file)).size < parts.length)
    throw new Error(`two parts of the program have the same name: ${parts.map(({ file }) => file).join(', ')}`);
  return { boot: first, late: rest, holderOf: (name) => holders.get(name) };
}

/** After the module that is imported late; after its first module where several late imports share it. */
function nameOf(modules: readonly string[], roots: string): string {
  const root = modules.find((module) => roots.split(' ').includes(module));
  const name = (module: string): string => posix.relative('src', module).replace(/\.ts$/, '').replaceAll('/', '-');
  return root === undefined ? `shared-${name(modules[0] ?? '')}` : name(root);
}
