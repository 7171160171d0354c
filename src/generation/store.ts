import { rfc3339 } from '../time/rfc3339.ts';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { version } from '../build-info.ts';
import { writeNewFiles } from '../disk/durable-write.ts';
import { onDisk } from '../disk/disk-error.ts';
import { type FileReader, namesIn, unread } from '../disk/file-reader.ts';
import type { FileWriter } from '../disk/file-writer.ts';
import { makeOwnDirectory } from '../disk/own-files.ts';
import { ownPaths } from '../disk/own-paths.ts';
import { CertmendError } from '../error.ts';
import type { MaterialFile } from '../issue/material.ts';
import type { Binding, GenerationOrigin, Manifest, ManifestFile } from './generation.ts';
import {
  generationNumbers,
  listGenerations,
  type GenerationSummary,
  loadGeneration,
  readManifest,
  type LoadedGeneration,
} from './load.ts';
import { formatManifest, directoriesAbove, generationDirectory, storedName } from './manifest.ts';
import { fingerprintOf, validityOf, type AnchorsOf } from './material-set.ts';

export interface GenerationDraft {
  readonly number: number;
  readonly origin: GenerationOrigin;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly binding: Binding;
  readonly files: readonly MaterialFile[];
  /** What the peers of this node trust; without it, what each leaf carries is taken for that. */
  readonly anchorsOf?: AnchorsOf | undefined;
}

/** The numbered sets under /var/lib/certmend/generations. A generation is there whole or not at all, and never changed. */
export interface GenerationStore {
  /** Numbers of the generations that are kept, ascending. Throws when they cannot be listed. */
  numbers(): readonly number[];
  /** In ascending order of number; a damaged one is listed with its problem. Reads manifests only. */
  list(): readonly GenerationSummary[];
  /** The manifest alone; undefined when the generation is absent or its manifest damaged. */
  manifest(number: number): Manifest | undefined;
  /** The whole generation, every byte read again from the disk and compared with the manifest. */
  load(number: number): LoadedGeneration;
  /**
   * Makes a generation durable. Whatever was left half-made by a crash is removed first.
   * @throws CertmendError GenerationDamaged when the number is taken; StorageFull and siblings: then nothing is left behind
   */
  write(draft: GenerationDraft): Manifest;
  /** Takes a generation away; no complaint when it is not there. */
  remove(number: number): void;
  /** Removes what a crash left half-made or half-removed; returns the names. */
  cleanUp(): readonly string[];
}

const unfinished = /^\.[1-9]\d*\.certmend-(?:making|removing)$/;

export function createGenerationStore({
  reader,
  writer,
}: {
  readonly reader: FileReader;
  readonly writer: FileWriter;
}): GenerationStore {
  return {
    numbers: () => generationNumbers(reader),
    list: () => listGenerations(reader),
    manifest: (number) => {
      const read = readManifest(reader, number);
      return read.ok ? read.manifest : undefined;
    },
    load: (number) => loadGeneration(reader, number),
    write: (draft) => {
      cleanUp(reader, writer);
      return write(reader, writer, draft);
    },
    remove: (number) => {
      remove(reader, writer, number);
    },
    cleanUp: () => cleanUp(reader, writer),
  };
}

function write(reader: FileReader, writer: FileWriter, draft: GenerationDraft): Manifest {
  const target = generationDirectory(draft.number);
  const there = reader.stat(target);
  if (there.state === 'unreadable') throw unread(target, there.detail, 'no set was made');
  if (there.state === 'present') {
    throw new CertmendError(
      'GenerationDamaged',
      `generation ${String(draft.number)} exists already; it was not changed`,
      {
        hint: 'see: certmend generations',
      },
    );
  }
  const manifest = manifestOf(draft);
  const making = join(ownPaths.generations, `.${String(draft.number)}.certmend-making`);
  makeOwnDirectory(reader, writer, ownPaths.generations);
  try {
    writeFiles(writer, making, manifest, draft.files);
    onDisk('put in place', target, () => {
      writer.rename(making, target);
      // A commit may rest on this set from now on: its name must outlive a power cut too.
      writer.syncDirectory(ownPaths.generations);
    });
  } catch (error) {
    removeQuietly(reader, writer, making);
    throw error;
  }
  return manifest;
}

function writeFiles(writer: FileWriter, making: string, manifest: Manifest, files: readonly MaterialFile[]): void {
  const directories = directoriesOf(manifest).map((name) => join(making, name));
  for (const directory of directories) {
    onDisk('create the directory', directory, () => {
      writer.makeDirectory(directory, 0o700);
    });
  }
  const contents = manifest.files.map(({ stored }, index) => ({
    path: join(making, stored),
    bytes: files[index]?.bytes ?? Buffer.alloc(0),
  }));
  const all = [...contents, { path: join(making, 'manifest.json'), bytes: formatManifest(manifest) }];
  writeNewFiles(
    writer,
    all.map((file) => ({ ...file, options: { mode: 0o600 } })),
  );
  for (const directory of directories) {
    // The names of the files: recovery must find every one of them after a power cut in the middle of a commit.
    onDisk('sync', directory, () => {
      writer.syncDirectory(directory);
    });
  }
}

/** The generation's directory (``) and every directory below it, outer before inner. */
function directoriesOf(manifest: Manifest): readonly string[] {
  const names = new Set(['']);
  for (const { stored } of manifest.files) for (const name of directoriesAbove(stored)) names.add(name);
  return [...names];
}

function manifestOf({ number, origin, createdAt, binding, files, anchorsOf }: GenerationDraft): Manifest {
  const validity = validityOf(files, createdAt, anchorsOf) ?? { notBefore: createdAt, notAfter: createdAt };
  return {
    schema: 1,
    number,
    origin,
    createdAt: rfc3339(createdAt),
    certmend: version,
    binding,
    notBefore: rfc3339(validity.notBefore),
    notAfter: rfc3339(validity.notAfter),
    files: files.map((file) => manifestFileOf(file, binding.dataDir)),
  };
}

function manifestFileOf({ path, id, role, bytes, mode, uid, gid }: MaterialFile, dataDir: string): ManifestFile {
  const fingerprint256 = role === 'certificate' ? fingerprintOf(bytes) : undefined;
  return {
    path,
    id,
    role,
    stored: storedName(path, dataDir),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    mode,
    uid,
    gid,
    ...(fingerprint256 === undefined ? {} : { fingerprint256 }),
  };
}

/** Out of sight in one step, then piece by piece: a generation that is being removed is never seen in part. */
function remove(reader: FileReader, writer: FileWriter, number: number): void {
  const path = generationDirectory(number);
  if (reader.stat(path).state === 'absent') return;
  const removing = join(ownPaths.generations, `.${String(number)}.certmend-removing`);
  onDisk('remove', path, () => {
    removeTree(reader, writer, removing);
    writer.rename(path, removing);
    removeTree(reader, writer, removing);
  });
}

function cleanUp(reader: FileReader, writer: FileWriter): readonly string[] {
  const left = namesIn(reader, ownPaths.generations).filter((name) => unfinished.test(name));
  for (const name of left) {
    const path = join(ownPaths.generations, name);
    onDisk('remove', path, () => {
      removeTree(reader, writer, path);
    });
  }
  return left;
}

function removeTree(reader: FileReader, writer: FileWriter, path: string): void {
  const at = reader.stat(path);
  if (at.state === 'absent') return;
  if (at.state === 'present' && at.type === 'directory') {
    for (const name of namesIn(reader, path)) removeTree(reader, writer, join(path, name));
    writer.removeDirectory(path);
  } else {
    writer.unlink(path);
  }
}

/** After a failure: the next `write` or recovery removes what stays, and the first error is the one to tell. */
function removeQuietly(reader: FileReader, writer: FileWriter, path: string): void {
  try {
    removeTree(reader, writer, path);
  } catch {
    // see above
  }
}
