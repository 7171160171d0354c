import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { onDisk } from '../disk/disk-error.ts';
import { makeDirectories } from '../disk/durable-write.ts';
import { namesIn, type FileReader } from '../disk/file-reader.ts';
import type { FileWriter, Storage } from '../disk/file-writer.ts';
import type { LargeFile, LargeFiles } from '../disk/large-file.ts';
import { CertmendError } from '../error.ts';

/** Beside the datastore, on its file system, so that a name can be changed in one step; 0700. */
export interface Workplace {
  readonly directory: string;
  /** The file of the datastore that changes. */
  readonly database: string;
}

/** What a recovery makes; begins with this until it is the datastore. The next run removes what a kill left. */
const temporaryPrefix = 'new-';

export const copyName = `${temporaryPrefix}database`;
export const originalName = 'original';
export const recordName = 'recovery.json';

export interface DiskPorts {
  readonly reader: FileReader;
  readonly writer: FileWriter;
  readonly files: LargeFiles;
  readonly storage: Storage;
}

export function makeWorkplace({ reader, writer }: DiskPorts, { directory }: Workplace): void {
  makeDirectories(writer, directory, 0o700, (path) => reader.stat(path).state !== 'absent');
}

/** Removes what is temporary, and the directory when nothing else is in it. */
export function clearWorkplace({ reader, writer }: DiskPorts, { directory }: Workplace): void {
  if (reader.stat(directory).state === 'absent') return;
  const names = namesIn(reader, directory);
  const [temporary, others] = [names.filter(isTemporary), names.filter((name) => !isTemporary(name))];
  for (const name of temporary) {
    onDisk('remove', `${directory}/${name}`, () => {
      writer.unlink(`${directory}/${name}`);
    });
  }
  if (others.length > 0) return;
  onDisk('remove', directory, () => {
    writer.removeDirectory(directory);
  });
}

function isTemporary(name: string): boolean {
  return name.startsWith(temporaryPrefix);
}

/** Bytes at a place of a copy that are not those of the original; as many. */
export interface Overlay {
  readonly offset: number;
  readonly bytes: Buffer;
}

const chunkBytes = 1024 * 1024;

/**
 * A durable copy, 0600 until it is whole, then with owner and mode of the original.
 *
 * @returns SHA-256 of the original as it was read, and of the copy
 * @throws CertmendError StorageFull and siblings; what was made is removed by `clearWorkplace`
 */
export function copyLarge(
  { writer }: DiskPorts,
  from: LargeFile,
  to: string,
  overlay?: Overlay,
): { readonly original: string; readonly copy: string } {
  const [original, copy] = [createHash('sha256'), createHash('sha256')];
  onDisk('write', to, () => {
    const descriptor = writer.create(to, 0o600);
    try {
      for (let offset = 0; offset < from.size; offset += chunkBytes) {
        const bytes = from.read(offset, Math.min(chunkBytes, from.size - offset));
        original.update(bytes);
        if (overlay !== undefined) lay(overlay, bytes, offset);
        copy.update(bytes);
        writer.write(descriptor, bytes);
      }
      writer.setOwner(descriptor, from.uid, from.gid);
      writer.setMode(descriptor, from.mode);
      writer.sync(descriptor);
    } finally {
      writer.close(descriptor);
    }
    writer.syncDirectory(dirname(to));
  });
  return { original: original.digest('hex'), copy: copy.digest('hex') };
}

function lay(overlay: Overlay, chunk: Buffer, chunkOffset: number): void {
  const begin = Math.max(overlay.offset, chunkOffset);
  const end = Math.min(overlay.offset + overlay.bytes.length, chunkOffset + chunk.length);
  if (begin < end) overlay.bytes.copy(chunk, begin - chunkOffset, begin - overlay.offset, end - overlay.offset);
}

export function digestOf(file: LargeFile): string {
  const digest = createHash('sha256');
  for (let offset = 0; offset < file.size; offset += chunkBytes)
    digest.update(file.read(offset, Math.min(chunkBytes, file.size - offset)));
  return digest.digest('hex');
}

/** Opens for as long as `work` takes. */
export function withFile<T>(files: LargeFiles, path: string, work: (file: LargeFile) => T): T {
  const file = onDisk('read', path, () => files.open(path));
  try {
    return onDisk('read', path, () => work(file));
  } finally {
    file.close();
  }
}

/**
 * Room for the copies, twice over: running out of it does no harm, and not having begun is better.
 *
 * @throws CertmendError StorageFull (exit 73)
 */
export function requireRoom({ storage }: DiskPorts, { database }: Workplace, bytes: number): void {
  const needed = bytes + 16 * chunkBytes;
  const free = onDisk('check the free space of', dirname(database), () => storage.free(dirname(database)));
  if (free.bytes >= needed && free.inodes >= 8) return;
  throw new CertmendError(
    'StorageFull',
    `not enough space beside ${database}: ${String(needed)} bytes are needed for a copy, ${String(free.bytes)} are free; nothing was changed`,
    { hint: `free space there (df -h ${dirname(database)}), then run the command again` },
  );
}
