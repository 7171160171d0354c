import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Architecture } from './architecture.ts';
import { project, readProject } from './project.ts';
import { runTool } from './tools.ts';

/** A runtime that is ready to be packed. */
export interface Runtime {
  /** The program, stripped of symbols. */
  readonly path: string;
  readonly version: string;
  /** Its licence text, with those of everything it has inside. */
  readonly licence: string;
}

interface LockEntry {
  readonly version: string;
  readonly integrity: string;
}

/**
 * The pinned runtime for an architecture. npm installs the one of this machine; another one is fetched from the registry
 * that npm is set to, and has to have the hash that package-lock.json has for it. Kept in .cache/packaging/runtime.
 *
 * @throws Error when it cannot be had, or is not what package-lock.json says
 */
export async function provideRuntime({ runtimePackage, strip }: Architecture): Promise<Runtime> {
  const { version, integrity } = lockEntry(runtimePackage);
  const cache = join(project, '.cache', 'packaging', 'runtime');
  const stripped = join(cache, `${runtimePackage}-${version}`);
  const licence = (): string => readFileSync(join(stripped, 'LICENSE'), 'utf8');
  if (existsSync(stripped)) return { path: join(stripped, 'node'), version, licence: licence() };

  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'work-'));
  try {
    const source = isInstalled(runtimePackage, version)
      ? join(project, 'node_modules', runtimePackage)
      : await fetchPackage({ name: runtimePackage, version, integrity, work });
    const ready = join(work, 'ready');
    mkdirSync(ready);
    copyFileSync(join(source, 'bin', 'node'), join(ready, 'node'));
    copyFileSync(join(source, 'LICENSE'), join(ready, 'LICENSE'));
    await runTool(strip, ['--strip-all', join(ready, 'node')]);
    chmodSync(join(ready, 'node'), 0o755);
    // Somebody else may have been faster: theirs is the same.
    if (!existsSync(stripped)) renameSync(ready, stripped);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return { path: join(stripped, 'node'), version, licence: licence() };
}

function lockEntry(name: string): LockEntry {
  const lock = JSON.parse(readProject('package-lock.json')) as { readonly packages: Record<string, LockEntry> };
  const entry = lock.packages[`node_modules/${name}`];
  if (entry === undefined) throw new Error(`package-lock.json has no ${name}`);
  return entry;
}

function isInstalled(name: string, version: string): boolean {
  const manifest = join(project, 'node_modules', name, 'package.json');
  if (!existsSync(manifest)) return false;
  return (JSON.parse(readFileSync(manifest, 'utf8')) as LockEntry).version === version;
}

async function fetchPackage(wanted: LockEntry & { readonly name: string; readonly work: string }): Promise<string> {
  const { name, version, integrity, work } = wanted;
  const archive = join(work, `${name}-${version}.tgz`);
  try {
    await runTool('npm', ['pack', `${name}@${version}`, '--pack-destination', work], { cwd: work });
  } catch (cause) {
    throw new Error(`${name} ${version} is not installed and cannot be fetched; its packages cannot be made here`, {
      cause,
    });
  }
  const [algorithm = '', expected = ''] = integrity.split(/-(.*)/);
  const found = createHash(algorithm).update(readFileSync(archive)).digest('base64');
  if (found !== expected)
    throw new Error(`${name} ${version}: the archive is ${algorithm}-${found}, package-lock.json wants ${integrity}`);
  await runTool('tar', [
    '--extract',
    '--gzip',
    '--file',
    archive,
    '--directory',
    work,
    'package/bin',
    'package/LICENSE',
  ]);
  return join(work, 'package');
}
