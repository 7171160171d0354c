import { type FileReader, unread } from '../../disk/file-reader.ts';
import { CertmendError, exitStatus } from '../../error.ts';

/**
 * @param named what a person gave as --root
 * @param reader of what is below it
 * @throws CertmendError Usage for what is no directory, StorageDenied or StorageFailed (exit 73, retry) for one that
 * cannot be read now: whoever named it was right
 */
export function requireRoot(named: string, reader: FileReader): void {
  if (reader.list('/') !== undefined) return;
  const at = reader.stat('/');
  if (at.state === 'unreadable') throw unread(named, at.detail, 'nothing was checked');
  if (at.state === 'present' && at.type === 'directory') throw unread(named, 'cannot be listed', 'nothing was checked');
  throw new CertmendError('Usage', `--root ${named} is not a readable directory`, {
    hint: 'give the directory where the disk of the node is mounted',
    exit: exitStatus.usage,
  });
}
