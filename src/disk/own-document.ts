import type { FileReader } from './file-reader.ts';
import { readDocument, type Shape } from './shape.ts';

/**
 * A JSON document of certmend's own whose loss costs little.
 * @param within as `FileReader.readOwn`
 * @returns undefined when there is none, when it is not ours, and when it is not of that shape
 */
export function readOwnDocument<T>(reader: FileReader, path: string, shape: Shape<T>, within?: string): T | undefined {
  const file = reader.readOwn(path, within);
  if (file.state !== 'regular') return undefined;
  const read = readDocument(shape, parsed(file.bytes));
  return read.ok ? read.value : undefined;
}

/** No shape takes undefined. */
function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
