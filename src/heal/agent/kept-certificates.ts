import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { PutChange } from '../../commit/change.ts';
import { onDisk } from '../../disk/disk-error.ts';
import { shellWord } from '../../disk/shell-word.ts';
import { CertmendError } from '../../error.ts';
import { makeOwnDirectory } from '../../disk/own-files.ts';
import { ownPaths } from '../../disk/own-paths.ts';
import { writeDurably } from '../../disk/durable-write.ts';
import type { FileReader } from '../../disk/file-reader.ts';
import type { Inventory, LeafItem } from '../../inventory/inventory.ts';
import { fileMode } from '../../layout/file-mode.ts';
import type { WriteSide } from '../../survey/ports.ts';

/**
 * `new`: what a commit of the agent part puts in place, for the recovery of one that is cut off; `old`: what was there
 * before, so that it can come back. Certificates alone, and of the last renewal alone.
 */
export type Kept = 'new' | 'old';

/** The durable copy of a leaf's certificate file, as a node path. */
export function keptPath(which: Kept, { entry }: Pick<LeafItem, 'entry'>): string {
  return `${ownPaths.agentPart}/${which}/${basename(entry.certificatePath)}`;
}

/** @throws CertmendError StorageFull and siblings */
export function keep(
  reader: FileReader,
  { writer, randomHex }: WriteSide,
  which: Kept,
  files: readonly { readonly item: LeafItem; readonly bytes: Buffer }[],
): void {
  makeOwnDirectory(reader, writer, `${ownPaths.agentPart}/${which}`);
  for (const { item, bytes } of files) {
    const path = keptPath(which, item);
    writeDurably(writer, path, bytes, { mode: 0o600, temporaryName: `.${basename(path)}.certmend-${randomHex(8)}` });
  }
}

/**
 * Removes what an earlier renewal kept: it would be taken for this one's, and come back
 * with its rollback. Before the state says that there is something to watch, and `new` first.
 *
 * @throws CertmendError StorageReadOnly and siblings
 */
export function forgetKept(reader: FileReader, { writer }: WriteSide): void {
  for (const which of ['new', 'old'] as const) {
    const directory = `${ownPaths.agentPart}/${which}`;
    requireOwnDirectory(reader, directory);
    const names = (reader.list(directory) ?? []).filter((name) => {
      const at = reader.stat(`${directory}/${name}`);
      return at.state === 'present' && at.type !== 'directory';
    });
    onDisk('remove', directory, () => {
      for (const name of names) writer.unlink(`${directory}/${name}`);
      if (names.length > 0) writer.syncDirectory(directory);
    });
  }
}

/**
 * The copies lie in directories, and not where a link in the place of one leads: everything there would be removed.
 * @throws CertmendError StorageDenied
 */
function requireOwnDirectory(reader: FileReader, directory: string): void {
  for (const path of [ownPaths.agentPart, directory]) {
    const at = reader.stat(path);
    if (at.state === 'absent' || (at.state === 'present' && at.type === 'directory')) continue;
    const what = at.state === 'present' ? `is a ${at.type === 'other' ? 'special file' : at.type}` : at.detail;
    throw new CertmendError(
      'StorageDenied',
      `${path} ${what}, where certmend keeps copies in a directory; nothing was changed`,
      {
        hint: `look where it leads, then move it away: mv ${shellWord(path)} ${shellWord(`${path}.moved`)}`,
      },
    );
  }
}

/** The change that puts kept bytes in the place of a live certificate file; undefined when they are there, or it is not. */
export function putKept(
  which: Kept,
  item: LeafItem,
  bytes: Buffer,
  { mounted }: Pick<Inventory, 'mounted'>,
): PutChange | undefined {
  const { entry, certificateFile: live } = item;
  if (live.state !== 'regular' || live.bytes.equals(bytes)) return undefined;
  const isInPlace = entry.writeMode === 'in-place' || mounted?.has(entry.certificatePath) === true;
  return {
    op: 'put',
    path: entry.certificatePath,
    id: entry.id,
    source: keptPath(which, item),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    // What is written over keeps its mode; another file gets no wider one than the layout's.
    mode: isInPlace ? live.mode : fileMode(entry.certificateMode, live.mode),
    uid: live.uid,
    gid: live.gid,
    ...(isInPlace ? { how: 'in-place' as const } : {}),
    expects: { state: 'file', sha256: live.sha256 },
  };
}
