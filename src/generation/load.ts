import { join } from 'node:path';
import { type FileReader, namesIn } from '../disk/file-reader.ts';
import type { MaterialFile } from '../issue/material.ts';
import type { Manifest, ManifestFile } from './generation.ts';
import {
  parseManifest,
  type ParsedManifest,
  directoriesAbove,
  generationDirectory,
  storedName,
  storedPath,
} from './manifest.ts';
import { ownPaths } from '../disk/own-paths.ts';

export type LoadedGeneration =
  { readonly ok: true; readonly manifest: Manifest; readonly files: readonly MaterialFile[] } | NotLoaded;

/** `isUnread`: its bytes could not be asked for (a disk's error, no descriptor left), which says nothing about them. */
export interface NotLoaded {
  readonly ok: false;
  readonly problem: string;
  readonly isUnread?: true;
}

/** The manifest of a generation, checked for shape and number; its files are not looked at. */
export function readManifest(reader: FileReader, number: number): ParsedManifest | NotLoaded {
  const directory = generationDirectory(number);
  const there = reader.stat(directory);
  if (there.state === 'absent') return { ok: false, problem: 'it does not exist' };
  if (there.state === 'unreadable') return unread(`its directory ${directory}`, there.detail);
  const file = reader.readOwn(join(directory, 'manifest.json'), directory);
  switch (file.state) {
    case 'absent':
      return { ok: false, problem: 'it has no manifest' };
    case 'unreadable':
      return file.problem === 'denied' || file.problem === 'io'
        ? unread('its manifest', file.detail)
        : { ok: false, problem: `its manifest ${file.detail}` };
    case 'regular': {
      const parsed = parseManifest(file.bytes);
      return parsed.ok && parsed.manifest.number !== number
        ? { ok: false, problem: `its manifest is that of generation ${String(parsed.manifest.number)}` }
        : parsed;
    }
  }
}

/**
 * A generation as it is on the disk now, or the first thing that is wrong with it. The same bytes as the manifest says,
 * private (0600 in 0700), at the places the manifest's paths lead to, and nothing beside them: a generation is what
 * certmend wrote, or it is not used.
 */
export function loadGeneration(reader: FileReader, number: number): LoadedGeneration {
  const read = readManifest(reader, number);
  if (!read.ok) return read;
  const { manifest } = read;
  const misplaced = manifest.files.find(({ path, stored }) => stored !== storedName(path, manifest.binding.dataDir));
  if (misplaced !== undefined || new Set(manifest.files.map(({ path }) => path)).size !== manifest.files.length) {
    return {
      ok: false,
      problem: `its manifest contradicts itself${misplaced === undefined ? '' : ` about ${misplaced.path}`}`,
    };
  }
  const strange = findStrange(reader, generationDirectory(number), '', expectedNames(manifest));
  if (strange !== undefined) return strange;
  const files: MaterialFile[] = [];
  for (const file of manifest.files) {
    const loaded = loadFile(reader, number, file);
    if (!loaded.ok) return loaded;
    files.push(loaded.file);
  }
  return { ok: true, manifest, files };
}

function loadFile(
  reader: FileReader,
  number: number,
  file: ManifestFile,
): { readonly ok: true; readonly file: MaterialFile } | NotLoaded {
  const stored = reader.read(storedPath(number, file), generationDirectory(number));
  if (stored.state === 'absent') return { ok: false, problem: `${file.stored} is missing` };
  if (stored.state === 'unreadable') {
    return stored.problem === 'denied' || stored.problem === 'io'
      ? unread(file.stored, stored.detail)
      : { ok: false, problem: `${file.stored} ${stored.detail}` };
  }
  if (stored.sha256 !== file.sha256) return { ok: false, problem: `${file.stored} is not what was written` };
  const { path, id, role, mode, uid, gid } = file;
  return { ok: true, file: { path, id, role, bytes: stored.bytes, mode, uid, gid } };
}

/** Names relative to the generation's directory: its files, and the directories on the way to them with a `/` at the end. */
function expectedNames(manifest: Manifest): ReadonlySet<string> {
  const names = new Set(['manifest.json']);
  for (const { stored } of manifest.files) {
    names.add(stored);
    for (const directory of directoriesAbove(stored)) names.add(`${directory}/`);
  }
  return names;
}

/** The first thing below the directory that certmend did not put there, or not with that mode. */
function findStrange(
  reader: FileReader,
  directory: string,
  prefix: string,
  expected: ReadonlySet<string>,
): NotLoaded | undefined {
  const name = prefix === '' ? `its directory ${directory}` : prefix;
  const own = reader.stat(directory);
  if (own.state === 'unreadable') return unread(name, own.detail);
  if (own.state !== 'present' || own.type !== 'directory' || (own.mode & 0o077) !== 0)
    return { ok: false, problem: `${name} is not a private directory` };
  const names = reader.list(directory);
  if (names === undefined) return unread(name, 'cannot be listed');
  for (const entry of names) {
    const path = join(directory, entry);
    const at = reader.stat(path);
    if (at.state === 'unreadable') return unread(`${prefix}${entry}`, at.detail);
    const isDirectory = at.state === 'present' && at.type === 'directory';
    const relative = `${prefix}${entry}${isDirectory ? '/' : ''}`;
    if (!expected.has(relative)) return { ok: false, problem: `${relative} does not belong to it` };
    if (isDirectory) {
      const below = findStrange(reader, path, relative, expected);
      if (below !== undefined) return below;
    } else if (at.state !== 'present' || at.type !== 'file' || (at.mode & 0o077) !== 0) {
      return { ok: false, problem: `${relative} is not a private file` };
    }
  }
  return undefined;
}

function unread(what: string, detail: string): NotLoaded {
  return { ok: false, problem: `${what} ${detail}`, isUnread: true };
}

export type GenerationSummary =
  | { readonly number: number; readonly ok: true; readonly manifest: Manifest }
  | { readonly number: number; readonly ok: false; readonly problem: string };

const finished = /^[1-9]\d{0,9}$/;

/**
 * Numbers of the generations that are kept, ascending.
 * @throws CertmendError StorageDenied, StorageFailed when the directory is there and cannot be listed
 */
export function generationNumbers(reader: FileReader): readonly number[] {
  return namesIn(reader, ownPaths.generations)
    .filter((name) => finished.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/**
 * The generations that are kept, in ascending order of number; a damaged one with its problem. Reads manifests only.
 * @throws CertmendError as `generationNumbers`
 */
export function listGenerations(reader: FileReader): readonly GenerationSummary[] {
  return generationNumbers(reader).map((number): GenerationSummary => {
    const read = readManifest(reader, number);
    return read.ok ? { number, ok: true, manifest: read.manifest } : { number, ok: false, problem: read.problem };
  });
}
