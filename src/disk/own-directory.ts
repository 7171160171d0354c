import { dirname } from 'node:path';
import { makeDirectories } from './durable-write.ts';
import type { FileReader } from './file-reader.ts';
import type { FileWriter } from './file-writer.ts';
import { ownPaths } from './own-paths.ts';

/**
 * Makes a directory at or below /var/lib/certmend, 0700, durably, with what is missing above it. Keys of every
 * generation are below: nobody but the owner may even list it (P9).
 *
 * @throws CertmendError as `writeDurably`
 */
export function makeOwnDirectory(reader: FileReader, writer: FileWriter, path: string = ownPaths.stateDirectory): void {
  const exists = (directory: string): boolean => reader.stat(directory).state !== 'absent';
  makeDirectories(writer, dirname(ownPaths.stateDirectory), 0o755, exists);
  makeDirectories(writer, path, 0o700, exists);
}
