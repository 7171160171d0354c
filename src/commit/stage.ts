import { shellWord } from '../disk/shell-word.ts';
import { dirname } from 'node:path';
import { onDisk } from '../disk/disk-error.ts';
import { makeDirectories, writeNewFiles } from '../disk/durable-write.ts';
import { type FileReader, requireReadable } from '../disk/file-reader.ts';
import type { FileWriter } from '../disk/file-writer.ts';
import { CertmendError, exitStatus } from '../error.ts';
import { type Change, type PutChange, meets, readLive } from './change.ts';
import { isInPlace } from './in-place.ts';
import type { GuardedChanges } from './protected.ts';
import { keepsakePath, stagedPath } from './staged-name.ts';
import { syncDirectories } from './swap.ts';

/**
 * The new bytes of a change, from its durable copy.
 * @throws CertmendError GenerationDamaged (exit 77) when the copy is not what the change says
 */
export function sourceBytes(reader: FileReader, change: PutChange): Uint8Array {
  const bytes = findSource(reader, change);
  if (bytes === undefined) {
    throw new CertmendError(
      'GenerationDamaged',
      `${change.source ?? 'the new file'} differs from what was verified; ${change.path} and every other file were left unchanged`,
      { exit: exitStatus.refused, hint: 'see: certmend generations; run certmend rotate --yes to make a new set' },
    );
  }
  return bytes;
}

/**
 * As `sourceBytes`, but undefined when the copy is gone or wrong.
 * @throws CertmendError StorageDenied, StorageFailed when it cannot be read: a disk that fails under the copy says
 * nothing against the copy
 */
export function findSource(reader: FileReader, { source, sha256 }: PutChange): Uint8Array | undefined {
  if (source === null) return new Uint8Array();
  const file = reader.read(source);
  requireReadable(source, file);
  return file.state === 'regular' && file.sha256 === sha256 ? file.bytes : undefined;
}

/**
 * Puts every new file beside its target: same file system, so that going live is one rename. For one that is written
 * over it is a second copy, from which recovery writes when the generation is gone.
 */
export function stage(
  changes: GuardedChanges,
  bytesOf: ReadonlyMap<string, Uint8Array>,
  transaction: string,
  writer: FileWriter,
): void {
  const files = changes.flatMap((change) => {
    const bytes = bytesOf.get(change.path);
    if (change.op !== 'put' || bytes === undefined) return [];
    return [{ path: stagedPath(change.path, transaction), bytes, options: change }];
  });
  writeNewFiles(writer, files);
}

/**
 * Gives every live file that another one will replace a second name. A link, not a copy: undo brings back the very inode, with its
 * times, labels and whatever else hangs on it. It serves this run only (a crash is answered by going forward), so it
 * need not outlive a power cut and is not synced.
 */
export function keep(changes: GuardedChanges, transaction: string, writer: FileWriter): void {
  for (const change of changes) {
    const { path, expects } = change;
    if (expects.state !== 'absent' && !isInPlace(change)) {
      onDisk('hard-link', path, () => {
        writer.link(path, keepsakePath(path, transaction));
      });
    }
  }
}

/**
 * Keeps a copy of every file that will be written over. A copy and not a link: a second name of the file would get the
 * new bytes as well. It outlives a power cut, unlike a link that only undo needs: recovery tells by it whether a file
 * that is neither old nor new is torn or someone else's.
 */
export function keepCopies(
  changes: GuardedChanges,
  within: string | undefined,
  transaction: string,
  reader: FileReader,
  writer: FileWriter,
): void {
  const files = changes.filter(isInPlace).flatMap(({ path, expects }) => {
    const live = readLive(reader, path, within);
    // One that is no longer what was expected is found out by the look that follows.
    if (live.state !== 'regular' || !meets(live, expects)) return [];
    return [{ path: keepsakePath(path, transaction), bytes: live.bytes, options: live }];
  });
  writeNewFiles(writer, files);
  syncDirectories(files, writer);
}

/**
 * The directory of every new file is there, really is below the data dir, and is made when missing, with the mode of
 * the directory above it.
 *
 * @param modes of directories that are made, where they are known
 * @returns the directories that were made, outermost first
 * @throws CertmendError ProtectedPath (exit 77) when a symlink leads out of the data dir
 */
export function prepareDirectories(
  directories: readonly string[],
  within: string | undefined,
  reader: FileReader,
  writer: FileWriter,
  modes: ReadonlyMap<string, number> = new Map(),
): readonly string[] {
  const exists = (path: string): boolean => reader.stat(path).state !== 'absent';
  // Outermost first: what is above a directory that is made with a mode of its own may have another.
  const make = (directory: string): readonly string[] => {
    const above = dirname(directory);
    if (exists(directory) || above === directory) return [];
    const made = modes.size === 0 ? [] : make(above);
    return [
      ...made,
      ...makeDirectories(writer, directory, modes.get(directory) ?? modeAbove(directory, reader), exists),
    ];
  };
  return directories.flatMap((directory) => {
    refuseEscape(directory, within, reader);
    return make(directory);
  });
}

/** A directory cannot be replaced by a file, and certmend does not take whole directories away. */
export function refuseDirectories(changes: readonly Change[], reader: FileReader): void {
  for (const { path } of changes) {
    const at = reader.stat(path);
    if (at.state === 'present' && at.type === 'directory') {
      throw new CertmendError('StorageFailed', `${path} is a directory, not a file; nothing was changed`, {
        exit: exitStatus.refused,
        hint: `look into it, then move it away: mv ${shellWord(path)} ${shellWord(`${path}.moved`)}`,
      });
    }
  }
}

function refuseEscape(directory: string, within: string | undefined, reader: FileReader): void {
  if (within === undefined || !directory.startsWith(`${within}/`)) return;
  const at = reader.read(directory, within);
  const inside = at.state === 'absent' || (at.state === 'unreadable' && at.problem === 'directory');
  if (!inside) {
    const what = at.state === 'unreadable' ? at.detail : 'is a file';
    throw new CertmendError('ProtectedPath', `refused to write into ${directory}: it ${what}; nothing was changed`, {
      exit: exitStatus.refused,
      hint: `certmend writes only below ${within}: see where ${directory} leads`,
    });
  }
}

function modeAbove(directory: string, reader: FileReader): number {
  const above = dirname(directory);
  const at = reader.stat(above);
  return at.state === 'present' && at.type === 'directory'
    ? at.mode & 0o755
    : above === directory
      ? 0o755
      : modeAbove(above, reader);
}
