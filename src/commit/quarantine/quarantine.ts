import { dirname } from 'node:path';
import { errnoOf, onDisk } from '../../disk/disk-error.ts';
import { makeDirectories, writeNewFile } from '../../disk/durable-write.ts';
import { type FileReader, type FileState, type PathState, namesIn, requireReadable } from '../../disk/file-reader.ts';
import type { FileWriter } from '../../disk/file-writer.ts';
import { jsonText } from '../../disk/json-text.ts';
import { makeOwnDirectory } from '../../disk/own-files.ts';
import { ownPaths } from '../../disk/own-paths.ts';
import { CertmendError, exitStatus } from '../../error.ts';
import type { ReasonCode } from '../../reason.ts';
import { readLive } from '../change.ts';
import { boundQuarantine } from './bound.ts';
import { freePlace, freeSibling, notePath, siblings } from './place.ts';

interface QuarantineInput {
  readonly reader: FileReader;
  readonly writer: FileWriter;
  readonly dataDir: string;
  readonly path: string;
  readonly id: string;
  readonly reason: ReasonCode;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The decision was made on a directory at the path, and the path is none that is protected: it is moved. */
  readonly mayMove?: boolean | undefined;
}

interface Kept {
  /** `/var/lib/certmend/quarantine/20271205T030000Z/server/tls/client-admin.key`, or a sibling of the file. */
  readonly place: string;
  /** The path is free now. Everything else that is kept is still live too, until the commit replaces it. */
  readonly moved: boolean;
}

/**
 * Keeps a damaged file before it is replaced, with a note saying why: nothing a person may want to look at is lost.
 *
 * - Bytes that can be read are copied: a product that writes in place would write into the evidence.
 * - A file that is larger than the reader takes (1 MiB), a FIFO, a socket, a device, a link that leads nowhere or to no
 *   file gets a second name (link(2)) in the quarantine; the live one is not touched.
 * - A directory can have no second name: it is moved, with all that is in it. What is left is a file that is missing, and
 *   that is healed like any other, also by the run after one that was ended here.
 *
 * Where the quarantine is another file system, what cannot be copied stays beside the live file, with the time and
 * `.damaged` after its name; the note in the quarantine says so.
 *
 * The same of the same path is kept once, however often an attempt is made (P13), and of different damage as much as
 * `bound.ts` allows.
 *
 * @throws CertmendError StorageFull and siblings, ExternalChange; the node's files are untouched
 */
export function keepInQuarantine(input: QuarantineInput): Kept {
  const { reader, writer, dataDir, path } = input;
  const at = new Date(input.at).toISOString();
  const name = path.startsWith(`${dataDir}/`) ? path.slice(dataDir.length + 1) : path.slice(1);
  const live = readLive(reader, path, dataDir);
  requireReadable(path, live);
  const there = reader.stat(path);
  const isDirectory = there.state === 'present' && there.type === 'directory';
  if (isDirectory && input.mayMove !== true) throw appeared(path);
  const earlier = isDirectory ? undefined : keptBefore(reader, { path, name }, live, there);
  if (earlier !== undefined) {
    // Whoever kept it may have been ended before this.
    syncDirectory(writer, dirname(earlier));
    return { place: earlier, moved: false };
  }

  const target = freePlace(reader, at, name);
  const exists = (directory: string): boolean => reader.stat(directory).state !== 'absent';
  makeOwnDirectory(reader, writer, ownPaths.quarantine);
  makeDirectories(writer, dirname(target), 0o700, exists);
  const kept = isDirectory
    ? move(input, { target, at })
    : live.state === 'regular'
      ? copy(input, { target, at }, live)
      : secondName(input, { target, at }, live);
  boundQuarantine(reader, writer, { path, kept });
  return { place: kept, moved: isDirectory };
}

/** Puts back what was moved, when the commit that it was moved for came to nothing. @throws CertmendError */
export function putBackMoved(
  { reader, writer }: Pick<QuarantineInput, 'reader' | 'writer'>,
  path: string,
  place: string,
): void {
  // Whoever has put something there since has decided.
  if (reader.stat(path).state !== 'absent') return;
  onDisk('restore', path, () => {
    writer.rename(place, path);
  });
  syncDirectory(writer, dirname(path));
}

interface Target {
  readonly target: string;
  readonly at: string;
}

function copy(input: QuarantineInput, { target, at }: Target, live: FileState & { state: 'regular' }): string {
  const { writer } = input;
  writeNewFile(writer, target, live.bytes, { mode: 0o600 });
  const { sha256, mode, uid, gid } = live;
  note(input, { target, at }, { sha256, mode, uid, gid });
  // The live file goes next; its copy must be found after a power cut too.
  syncDirectory(writer, dirname(target));
  return target;
}

function secondName(input: QuarantineInput, { target, at }: Target, live: FileState): string {
  const { reader, writer, path } = input;
  if (live.state === 'absent') {
    note(input, { target, at }, { problem: 'is absent' });
    syncDirectory(writer, dirname(target));
    return notePath(target);
  }
  const name = (place: string): void => {
    writer.link(path, place);
  };
  const place = within(input, target, name, () => freeSibling(reader, at, path));
  note(input, { target, at }, { ...problemOf(live), ...(place === target ? {} : { kept: place }) });
  if (place !== target) syncDirectory(writer, dirname(place));
  syncDirectory(writer, dirname(target));
  return place;
}

/** The note comes first: once the directory is moved, no run has a reason to look for what lay there. */
function move(input: QuarantineInput, { target, at }: Target): string {
  const { reader, writer, path } = input;
  const sibling = freeSibling(reader, at, path);
  note(input, { target, at }, { problem: 'is a directory', movedToOneOf: [target, sibling] });
  syncDirectory(writer, dirname(target));
  const rename = (place: string): void => {
    writer.rename(path, place);
  };
  const place = within(input, target, rename, () => sibling);
  try {
    syncDirectory(writer, dirname(place));
    if (dirname(place) !== dirname(path)) syncDirectory(writer, dirname(path));
  } catch (error) {
    putBackMoved(input, path, place);
    throw error;
  }
  return place;
}

/** In the quarantine, or beside the file where that is another file system. */
function within(
  { path }: QuarantineInput,
  target: string,
  keep: (place: string) => void,
  beside: () => string,
): string {
  try {
    keep(target);
    return target;
  } catch (error) {
    if (errnoOf(error) !== 'EXDEV') onDisk('quarantine', path, () => raise(error));
  }
  const place = beside();
  onDisk('hard-link', path, () => {
    keep(place);
  });
  return place;
}

function raise(error: unknown): never {
  throw error;
}

function note(input: QuarantineInput, { target, at }: Target, found: Readonly<Record<string, unknown>>): void {
  const { reader, writer, path, id, reason } = input;
  const link = reader.readLink(path);
  const text = jsonText({ schema: 1, path, id, reason, at, ...(link === undefined ? {} : { link }), ...found }, 2);
  writeNewFile(writer, notePath(target), Buffer.from(`${text}\n`), { mode: 0o600 });
}

function problemOf(live: FileState): { readonly problem?: string } {
  return live.state === 'unreadable' ? { problem: live.detail } : {};
}

/**
 * Where the very same was kept before: an attempt that is made again every few seconds must not keep its evidence again
 * each time (P13). What has no note is of a run that was ended in the middle, and does not count.
 */
function keptBefore(
  reader: FileReader,
  { path, name }: { readonly path: string; readonly name: string },
  live: FileState,
  there: PathState,
): string | undefined {
  const link = reader.readLink(path);
  const isSame = (place: string): boolean => {
    if (live.state === 'regular') {
      const kept = reader.read(place);
      // Of a link the bytes are copied and its target is noted: both must be the same.
      return kept.state === 'regular' && kept.sha256 === live.sha256 && linkInNote(reader, place, link);
    }
    return isSameThing(reader.stat(place), there) && reader.readLink(place) === link;
  };
  const places = namesIn(reader, ownPaths.quarantine).map((time) => `${ownPaths.quarantine}/${time}/${name}`);
  const noted = places.filter((place) => reader.stat(notePath(place)).state === 'present');
  return live.state === 'absent'
    ? noted.map(notePath)[0]
    : [...noted, ...(live.state === 'regular' ? [] : siblings(reader, path))].find(isSame);
}

/** Does the note name the same link, or none? A quote within one of its strings is escaped. */
function linkInNote(reader: FileReader, place: string, link: string | undefined): boolean {
  const file = reader.read(notePath(place));
  if (file.state !== 'regular') return false;
  return link === undefined ? !file.bytes.includes('"link": ') : file.bytes.includes(`"link": ${jsonText(link)}`);
}

/** By what a second name shares with the first: nothing of it is read. */
function isSameThing(kept: PathState, live: PathState): boolean {
  if (kept.state !== 'present' || live.state !== 'present') return false;
  const told = ['type', 'mode', 'uid', 'gid', 'size', 'mtimeMs'] as const;
  return told.every((fact) => kept[fact] === live[fact]);
}

function syncDirectory(writer: FileWriter, directory: string): void {
  onDisk('sync', directory, () => {
    writer.syncDirectory(directory);
  });
}

function appeared(path: string): CertmendError {
  return new CertmendError(
    'ExternalChange',
    `${path} became a directory while certmend was running; nothing was changed`,
    {
      exit: exitStatus.tryAgain,
      hint: 'run the command again: it will decide on the files as they are now',
    },
  );
}
