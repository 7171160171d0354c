import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runTo } from '../command.ts';
import { scratchDirectory } from '../scratch.ts';

const project = join(import.meta.dirname, '..', '..', '..');

/** One for all builds of a run: a commit in between must not make a difference. */
const epoch = Date.UTC(2026, 10, 24) / 1000;

/** A package and the tree that was in it, or in the deb for the same architecture. */
export interface Built {
  readonly format: 'deb' | 'rpm';
  readonly architecture: 'amd64' | 'arm64';
  readonly path: string;
  /** Directory with the files of the deb for this architecture. */
  readonly tree: string;
}

let built: Promise<readonly Built[]> | undefined;

/** Both packages for both architectures, compressed a little. Made once in a run. */
export async function builtPackages(): Promise<readonly Built[]> {
  built ??= buildAndUnpack();
  return await built;
}

async function buildAndUnpack(): Promise<readonly Built[]> {
  const directory = scratchDirectory();
  await build(directory, ['--fast']);
  const trees = { amd64: scratchDirectory(), arm64: scratchDirectory() } as const;
  const found = packagesIn(directory).map((name): Built => {
    const architecture = /amd64|x86_64/.test(name) ? 'amd64' : 'arm64';
    const format = name.endsWith('.deb') ? 'deb' : 'rpm';
    return { format, architecture, path: join(directory, name), tree: trees[architecture] };
  });
  for (const { format, path, tree } of found) if (format === 'deb') await runTo(['dpkg-deb', '--extract', path, tree]);
  return found;
}

/** File names of the packages in a directory. */
export function packagesIn(directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((name) => /\.(deb|rpm)$/.test(name))
    .sort();
}

/**
 * npm run package, as somebody else would call it.
 *
 * @param around a program and its arguments that start it in another environment
 */
export async function build(
  output: string,
  options: readonly string[],
  around: readonly [string, ...(readonly string[])] = ['env'],
): Promise<void> {
  const [command, ...rest] = around;
  const program = [process.execPath, join(project, 'packaging', 'package.ts')];
  await runTo([
    command,
    ...rest,
    'env',
    `SOURCE_DATE_EPOCH=${String(epoch)}`,
    ...program,
    ...options,
    '--output',
    output,
  ]);
}

/** What the header of an rpm says. */
export async function queryRpm(path: string, format: string): Promise<string> {
  // Debian has no rpm database, and none is needed.
  const { stdout } = await runTo(['rpm', '--dbpath', '/nonexistent', '-qp', '--qf', format, path]);
  return stdout;
}
