import { dirname, join } from 'node:path';
import { type FileReader, namesIn } from '../../disk/file-reader.ts';
import type { FileWriter } from '../../disk/file-writer.ts';
import { ownPaths } from '../../disk/own-paths.ts';
import { CertmendError } from '../../error.ts';
import { byTime, notePath, siblings } from './place.ts';

interface QuarantineBound {
  readonly entries: number;
  readonly bytes: number;
  /** Of one path, where they cannot lie in the quarantine. */
  readonly siblings: number;
}

/** Years of damage on any node that works, and little beside the image of one container. */
const quarantineBound: QuarantineBound = { entries: 100, bytes: 64 * 1024 * 1024, siblings: 5 };

interface Entry {
  /** Name of its directory: the time at which it was kept. */
  readonly time: string;
  /** Below that. */
  readonly name: string;
  readonly place: string;
  readonly bytes: number;
}

/**
 * Removes what was kept longest ago until the quarantine is within its bound, so that a node that damages its files in a
 * new way at each start does not fill its disk with them. The newest of each path stays, and so does a directory with
 * something in it: whatever that is, and whatever is mounted in it, is a person's.
 *
 * Best effort: evidence that could not be removed now is found by the next one that is kept.
 *
 * @param path the node path whose damaged file was kept just now
 * @param kept where; it stays, whatever its name says of its time
 */
export function boundQuarantine(
  reader: FileReader,
  writer: FileWriter,
  { path, kept }: { readonly path: string; readonly kept: string },
  bound: QuarantineBound = quarantineBound,
): void {
  try {
    const entries = entriesIn(reader).toSorted((left, right) => byTime(left.time, right.time));
    const newest = new Map(entries.map(({ name, place }) => [name, place]));
    let count = entries.length;
    let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    for (const entry of entries) {
      if (count <= bound.entries && bytes <= bound.bytes) break;
      if (newest.get(entry.name) === entry.place || entry.place === kept) continue;
      if (!removed(reader, writer, entry.place)) continue;
      removeEmpty(writer, dirname(entry.place));
      count -= 1;
      bytes -= entry.bytes;
    }
    const beside = siblings(reader, path).filter((place) => place !== kept);
    for (const place of beside.slice(0, Math.max(0, beside.length + 1 - bound.siblings)))
      removed(reader, writer, place);
  } catch (error) {
    // Of a directory that could not be listed; nothing that was to be kept depends on it.
    if (!(error instanceof CertmendError)) throw error;
  }
}

function entriesIn(reader: FileReader): readonly Entry[] {
  return namesIn(reader, ownPaths.quarantine).flatMap((time) => entriesBelow(reader, time, ''));
}

/** What has a note is one entry, also a directory; what has none (of a run that was ended) is one when it is none. */
function entriesBelow(reader: FileReader, time: string, below: string): readonly Entry[] {
  const directory = join(ownPaths.quarantine, time, below);
  const names = new Set(namesIn(reader, directory));
  const kept = new Set([...names].map((name) => name.replace(/\.note\.json$/, '')));
  return [...kept].flatMap((each) => {
    const name = join(below, each);
    const place = join(directory, each);
    const at = reader.stat(place);
    const isDirectory = at.state === 'present' && at.type === 'directory';
    if (isDirectory && !names.has(notePath(each))) return entriesBelow(reader, time, name);
    const note = reader.stat(notePath(place));
    const sizes = [at, note].map((there) => (there.state === 'present' && there.type === 'file' ? there.size : 0));
    return [{ time, name, place, bytes: sizes.reduce((sum, size) => sum + size, 0) }];
  });
}

function removed(reader: FileReader, writer: FileWriter, place: string): boolean {
  const at = reader.stat(place);
  const steps = [
    ...(at.state !== 'present'
      ? []
      : [
          () => {
            if (at.type === 'directory') writer.removeDirectory(place);
            else writer.unlink(place);
          },
        ]),
    ...(reader.stat(notePath(place)).state === 'present'
      ? [
          () => {
            writer.unlink(notePath(place));
          },
        ]
      : []),
  ];
  return steps.every(succeeds);
}

/** A directory that is empty goes, and those above it; the first that is not ends it. */
function removeEmpty(writer: FileWriter, directory: string): void {
  for (let at = directory; at.startsWith(`${ownPaths.quarantine}/`); at = dirname(at)) {
    const isGone = succeeds(() => {
      writer.removeDirectory(at);
    });
    if (!isGone) return;
  }
}

function succeeds(step: () => void): boolean {
  try {
    step();
    return true;
  } catch {
    return false;
  }
}
