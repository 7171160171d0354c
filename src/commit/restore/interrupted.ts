import { onDisk } from '../../disk/disk-error.ts';
import { type FileReader, namesIn } from '../../disk/file-reader.ts';
import type { FileWriter } from '../../disk/file-writer.ts';
import { ownPaths } from '../../disk/own-paths.ts';
import { shellWord } from '../../disk/shell-word.ts';
import { CertmendError, exitStatus } from '../../error.ts';
import { backedUpDirectories, backedUpFiles, isRestorable, type Placed } from '../../layout/backed-up-paths.ts';
import { dirname } from 'node:path';
import type { Door } from '../door.ts';
import type { Journal, JournalNode } from '../journal-format.ts';
import { isBelow, isSameNode } from '../not-followed.ts';

/** The restore of a backup: it concerns protected paths, and the command of a person wrote it. */
export function isRestore({ transaction }: Journal): boolean {
  return transaction.restores !== undefined;
}

/**
 * Neither the boot hook nor the daemon nor any other command goes on with one: the journal stays as it is, and so does all
 * that it rests on.
 *
 * @throws CertmendError RestoreInterrupted (exit 77)
 */
export function refuseRestore({ transaction, node }: Journal, door: Door | undefined): void {
  const { restores } = transaction;
  if (restores === undefined || door?.by === 'backup restore') return;
  throw new CertmendError(
    'RestoreInterrupted',
    'the restore of a backup was interrupted: some files of this node are restored and some are not; nothing was changed',
    {
      exit: exitStatus.refused,
      hint: `finish it, with the private key of the backup in KEYFILE: certmend backup restore ${shellWord(restores)} --identity KEYFILE --confirm ${shellWord(node.nodeName)}`,
    },
  );
}

/** As `whyNotFollowed`: a journal is a list of orders to root that was found on the disk. */
export function whyNotRestored(
  { node, within, changes }: Journal,
  here: { readonly node: JournalNode; readonly layout: Placed },
): string | undefined {
  const { layout } = here;
  if (!isSameNode(node, here.node)) return `belongs to another node (${node.nodeName})`;
  if (within !== null && within !== layout.dataDir)
    return `is about ${within}, and the backup keeps its files in ${layout.dataDir}`;
  for (const change of changes) {
    if (change.op !== 'put') return `removes ${change.path}, which no restore does`;
    if (!isRestorable(change.path, layout)) return `names ${change.path}, which is in no backup of this layout`;
    if (change.source === null || !isBelow(change.source, `${ownPaths.restore}/`))
      return `takes ${change.path} from ${change.source ?? 'nowhere'}, which is not where a restore keeps its files`;
  }
  return undefined;
}

/** Where a restore may have left staged files: more than any other commit writes to. */
export function restoredDirectories(layout: Placed, reader: FileReader): readonly string[] {
  const below = (directory: string, depth: number): readonly string[] => {
    const inner = (reader.list(directory) ?? []).filter((name) => {
      const at = reader.stat(`${directory}/${name}`);
      return at.state === 'present' && at.type === 'directory';
    });
    return [directory, ...(depth === 0 ? [] : inner.flatMap((name) => below(`${directory}/${name}`, depth - 1)))];
  };
  const named = backedUpFiles(layout).map((path) => dirname(path));
  return [...new Set([...named, ...backedUpDirectories(layout).flatMap((path) => below(path.slice(0, -1), 6))])];
}

/**
 * Removes the copies that a restore put its files in place from: they hold keys.
 * @throws CertmendError StorageReadOnly and siblings
 */
export function forgetRestore(reader: FileReader, writer: FileWriter): void {
  const names = namesIn(reader, ownPaths.restore);
  onDisk('remove', ownPaths.restore, () => {
    for (const name of names) writer.unlink(`${ownPaths.restore}/${name}`);
    writer.removeDirectory(ownPaths.restore);
    writer.syncDirectory(ownPaths.stateDirectory);
  });
}
