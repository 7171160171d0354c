import { basename, dirname, join } from 'node:path';
import { onDisk } from '../disk/disk-error.ts';
import { makeDirectories, writeNewFile } from '../disk/durable-write.ts';
import type { DropIn } from '../systemd/drop-in.ts';
import type { Ports, WriteSide } from '../survey/ports.ts';

/**
 * Writes drop-ins whose places are free, for good and whole. A file that got there in the meantime stays: a link, unlike
 * a rename, replaces nothing (EEXIST).
 *
 * @throws CertmendError StorageReadOnly and siblings (exit 73), naming the file; those before it are written then
 */
export function writeDropIns(ports: Ports, { writer, relabel }: WriteSide, dropIns: readonly DropIn[]): void {
  for (const { path, content } of dropIns) {
    const directory = dirname(path);
    const made = makeDirectories(writer, directory, 0o755, (name) => ports.reader.stat(name).state !== 'absent');
    const temporary = join(directory, `.${basename(path)}.certmend`);
    try {
      writer.unlink(temporary);
    } catch {
      // Mostly there is none; one that a power cut left would be in the way for ever.
    }
    writeNewFile(writer, temporary, Buffer.from(content), { mode: 0o644 });
    try {
      onDisk('write', path, () => {
        writer.link(temporary, path);
      });
    } finally {
      writer.unlink(temporary);
    }
    onDisk('sync the directory of', path, () => {
      writer.syncDirectory(directory);
    });
    relabel([...made, path]);
  }
}
