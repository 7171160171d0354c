import { basename, dirname } from 'node:path';
import { writeDurably } from '../../disk/durable-write.ts';
import type { FileWriter } from '../../disk/file-writer.ts';

/**
 * Writes figures for the textfile collector: under a temporary name, then renamed, since the collector reads whenever
 * it likes. Readable by all, as the collector is not root.
 *
 * @throws CertmendError Storage… (exit 73)
 */
export function writeTextfile(writer: FileWriter, path: string, text: string): void {
  replaceFile(writer, path, text, 0o644);
}

/**
 * The same for any file of text that others may read or replace meanwhile.
 * @param mode permission bits
 */
export function replaceFile(writer: FileWriter, path: string, text: string, mode: number): void {
  const temporaryName = `.${basename(path)}.certmend`;
  try {
    writer.unlink(`${dirname(path)}/${temporaryName}`);
  } catch {
    // Mostly there is none; one that a power cut left would be in the way for ever.
  }
  writeDurably(writer, path, Buffer.from(text), { mode, temporaryName });
}
