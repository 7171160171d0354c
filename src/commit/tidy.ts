import { join } from 'node:path';
import type { FileReader } from '../disk/file-reader.ts';
import type { FileWriter } from '../disk/file-writer.ts';
import { diskError } from '../disk/disk-error.ts';
import { isStrayName } from './staged-name.ts';

export interface Tidied {
  readonly removed: readonly string[];
  /** One sentence per file that could not be removed. */
  readonly problems: readonly string[];
}

/**
 * Removes staged files and keepsakes. Only without an open journal, or after its work is done: they are what it rests on.
 * Not made durable: one that a power cut brings back is found and removed by the next run.
 */
export function tidy(directories: readonly string[], reader: FileReader, writer: FileWriter): Tidied {
  const removed: string[] = [];
  const problems: string[] = [];
  for (const path of strayPaths(directories, reader)) {
    try {
      writer.unlink(path);
      removed.push(path);
    } catch (error) {
      const reason = diskError(error, 'remove', path);
      problems.push(reason instanceof Error ? reason.message : `cannot remove ${path}`);
    }
  }
  return { removed, problems };
}

/** certmend's own leftovers in the directories; a directory by such a name is none. */
export function strayPaths(directories: readonly string[], reader: FileReader): readonly string[] {
  return [...new Set(directories)].flatMap((directory) =>
    (reader.list(directory) ?? [])
      .filter((name) => isStrayName(name))
      .map((name) => join(directory, name))
      .filter((path) => {
        const at = reader.stat(path);
        return at.state === 'present' && at.type !== 'directory';
      }),
  );
}
