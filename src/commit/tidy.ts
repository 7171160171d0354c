import { join, dirname } from 'node:path';
import { type FileReader, namesIn } from '../disk/file-reader.ts';
import type { FileWriter } from '../disk/file-writer.ts';
import { onDisk } from '../disk/disk-error.ts';
import { CertmendError } from '../error.ts';
import { isStrayName } from './staged-name.ts';
import { ownPaths } from '../disk/own-paths.ts';
import type { Entry } from '../layout/entry.ts';
import type { Layout } from '../layout/layout.ts';

export interface Tidied {
  readonly removed: readonly string[];
  /** One sentence per file that could not be removed, and per directory that could not be listed. */
  readonly problems: readonly string[];
}

/**
 * Removes staged files and keepsakes. Only without an open journal, or after its work is done: they are what it rests on.
 * Not made durable: one that a power cut brings back is found and removed by the next run.
 */
export function tidy(directories: readonly string[], reader: FileReader, writer: FileWriter): Tidied {
  const removed: string[] = [];
  const problems: string[] = [];
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof CertmendError)) throw error;
      problems.push(error.message);
    }
  };
  for (const directory of new Set(directories)) {
    attempt(() => {
      for (const path of strayPaths([directory], reader)) {
        attempt(() => {
          onDisk('remove', path, () => {
            writer.unlink(path);
          });
          removed.push(path);
        });
      }
    });
  }
  return { removed, problems };
}

/**
 * certmend's own leftovers in the directories; a directory by such a name is none.
 * @throws CertmendError StorageDenied, StorageFailed when a directory cannot be listed
 */
export function strayPaths(directories: readonly string[], reader: FileReader): readonly string[] {
  return [...new Set(directories)].flatMap((directory) =>
    namesIn(reader, directory)
      .filter((name) => isStrayName(name))
      .map((name) => join(directory, name))
      .filter((path) => {
        const at = reader.stat(path);
        return at.state === 'present' && at.type !== 'directory';
      }),
  );
}

/** Where a commit may have left something: beside every file of the layout, and in certmend's own directory. */
export function stagingDirectories(layout: Pick<Layout, 'entries'>): readonly string[] {
  const own = [ownPaths.stateDirectory, `${ownPaths.agentPart}/new`, `${ownPaths.agentPart}/old`];
  return [...new Set([...layout.entries.flatMap(pathsOf).map((path) => dirname(path)), ...own])];
}

/** Every path of an entry that certmend may have to write beside. */
function pathsOf(entry: Entry): readonly string[] {
  switch (entry.kind) {
    case 'leaf':
      return [entry.keyPath, entry.certificatePath];
    case 'listener':
      return [entry.path, entry.regenerateTrigger];
    case 'authority':
      return [entry.certificatePath];
    case 'kubeconfig':
    case 'key':
    case 'document':
      return [entry.path];
  }
}
