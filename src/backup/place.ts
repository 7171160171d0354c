import { shellWord } from '../disk/shell-word.ts';
import { CertmendError, exitStatus } from '../error.ts';
import { look } from './archive.ts';
import { type NamedArchive, parseArchiveName } from './archive-name.ts';
import type { AgeHeader } from './age.ts';
import type { ArchivePlace } from './ports.ts';

/** An archive as it lies in a directory, seen without a key. */
export interface SeenArchive extends NamedArchive {
  readonly path: string;
  readonly size: number | undefined;
  readonly header: AgeHeader | undefined;
  /** Why it is none, as a clause with its path. */
  readonly problem: string | undefined;
}

/**
 * The directory is one, is ours, and nobody else may change what is in it.
 *
 * @throws CertmendError BackupUnfit (77)
 */
export function requirePlace({ directory, reader, uid }: ArchivePlace): void {
  const at = reader.stat(directory);
  const refuse = (problem: string, hint: string): CertmendError =>
    new CertmendError('BackupUnfit', `${directory} ${problem}; no backup was made`, { exit: exitStatus.refused, hint });
  if (at.state === 'absent')
    throw refuse('does not exist', `mount the disk that it is on, or make it: mkdir -m 700 ${shellWord(directory)}`);
  if (at.state === 'unreadable') throw refuse(at.detail, `check the path: namei -l ${shellWord(directory)}`);
  if (at.type === 'symlink')
    throw refuse('is a symlink', `give the directory that it leads to: readlink -f ${shellWord(directory)}`);
  if (at.type !== 'directory') throw refuse('is not a directory', 'give a directory with --to, or in backup.to');
  if (at.uid !== 0 && at.uid !== uid) {
    throw refuse(
      `belongs to user ${String(at.uid)}`,
      `if that is right: chown root: ${shellWord(directory)} && chmod 700 ${shellWord(directory)}`,
    );
  }
  // In a sticky directory nobody replaces the file of another.
  if ((at.mode & 0o022) !== 0 && (at.mode & 0o1000) === 0)
    throw refuse('can be written by others', `chmod go-w ${shellWord(directory)}`);
}

/**
 * The archives in a directory, whosever they are, the latest first.
 * @throws CertmendError BackupUnfit when the directory cannot be listed
 */
export function archivesIn({ directory, reader, archives }: ArchivePlace): readonly SeenArchive[] {
  const names = reader.list(directory);
  if (names === undefined) {
    throw new CertmendError('BackupUnfit', `${directory} is not a directory that can be listed`, {
      exit: exitStatus.refused,
      hint: `check that it is there and mounted: ls -ld ${shellWord(directory)}`,
    });
  }
  return names
    .flatMap((name) => parseArchiveName(name) ?? [])
    .map((named): SeenArchive => {
      const path = `${directory}/${named.name}`;
      try {
        const { size, header } = look(archives, path);
        return { ...named, path, size, header, problem: undefined };
      } catch (error) {
        if (!(error instanceof CertmendError)) throw error;
        return { ...named, path, size: undefined, header: undefined, problem: error.message };
      }
    })
    .toSorted((a, b) => b.at - a.at || (a.name < b.name ? -1 : 1));
}
