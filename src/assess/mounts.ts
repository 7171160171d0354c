import type { FileState } from '../disk/file-reader.ts';
import { shellWord } from '../disk/shell-word.ts';
import type { Inventory, LeafItem } from '../inventory/inventory.ts';
import type { Finding } from './assessment.ts';

type Mounts = Inventory['mounted'];

/**
 * Can nobody put a new file at the path, because of what is mounted on it? A regular file that may be written gets the new
 * bytes where it lies; into anything else that is mounted certmend writes nothing, and it cannot be moved away.
 *
 * @returns a clause with what to do; undefined when nothing is in the way
 */
export function mountInTheWay(path: string, file: FileState, mounted: Mounts): string | undefined {
  const how = mounted?.get(path);
  if (how === undefined || (how === 'writable' && file.state === 'regular')) return undefined;
  const what = file.state === 'regular' ? 'a file is mounted read-only' : 'something that is no file is mounted';
  return `${what} on ${path}, so certmend cannot replace it: ${unmount(path)}`;
}

/** The same of a pair: of either of its files. */
export function pairMountInTheWay({ entry, certificateFile, keyFile }: LeafItem, mounted: Mounts): string | undefined {
  return (
    mountInTheWay(entry.certificatePath, certificateFile, mounted) ?? mountInTheWay(entry.keyPath, keyFile, mounted)
  );
}

/** What would be taken away or written anew, and has something mounted on it, is for a person: nothing else waits for it. */
export function leaveMounted(findings: readonly Finding[], { mounted, items }: Inventory): readonly Finding[] {
  if (mounted === undefined || mounted.size === 0) return findings;
  const files = new Map(items.flatMap((item) => (item.kind === 'kubeconfig' ? [[item.entry.path, item.file]] : [])));
  return findings.map((finding) => {
    const { answer, path, message } = finding;
    if (path === undefined || !mounted.has(path)) return finding;
    const file = files.get(path);
    const clause =
      answer === 'quarantine'
        ? `it is mounted there, so certmend cannot take it away: ${unmount(path)}`
        : answer === 'write-kubeconfig' && file !== undefined
          ? mountInTheWay(path, file, mounted)
          : undefined;
    return clause === undefined ? finding : { ...finding, answer: 'operator', message: `${message}; ${clause}` };
  });
}

function unmount(path: string): string {
  return `umount ${shellWord(path)}, and remove what mounts it (findmnt ${shellWord(path)}, /etc/fstab)`;
}
