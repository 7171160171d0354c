import type { FileReader } from '../disk/file-reader.ts';
import { ownPaths } from '../disk/own-paths.ts';

/**
 * Whether a run that was killed left something half-made in certmend's own directories: a set with keys in it, a state
 * file, the copy of a rehearsal. A look at four directories; whoever takes the lock removes what is there.
 */
export function isSomethingLeftBehind(reader: FileReader): boolean {
  const names = (directory: string): readonly string[] => reader.list(directory) ?? [];
  return (
    names(ownPaths.rehearsals).length > 0 ||
    names(ownPaths.restore).length > 0 ||
    [ownPaths.stateDirectory, ownPaths.generations].some((directory) =>
      names(directory).some((name) => name.startsWith('.') && name.includes('.certmend-')),
    )
  );
}
