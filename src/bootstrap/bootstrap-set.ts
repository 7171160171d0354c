import { decodeBase64 } from '../x509/pem.ts';
import { damaged, parsed, type Parsed } from '../x509/parsed.ts';

/** One file of the bootstrap set as the datastore has it. */
export interface StoredFile {
  /** `ServerCA`, `PasswdFile`: a field of the product's own structure. */
  readonly field: string;
  /** RFC 3339: the time of the file when it was stored. */
  readonly timestamp: string;
  readonly content: Buffer;
}

/** In the order in which they stand in the document. */
export type BootstrapSet = readonly StoredFile[];

/**
 * Reads the document that the datastore holds (products 3.1). Contents are kept byte for byte; of a form that is not known
 * nothing is guessed.
 */
export function parseBootstrapSet(plaintext: Buffer): Parsed<BootstrapSet> {
  const document = readJson(plaintext);
  if (!isRecord(document)) return damaged('is not a JSON object');
  const files: StoredFile[] = [];
  for (const [field, file] of Object.entries(document)) {
    if (typeof file === 'string') return damaged(`has ${field} in the form of an old release, without its time`);
    if (!isRecord(file)) return damaged(`has a ${field} that is not an object`);
    const { Timestamp: timestamp, Content: text, ...others } = file;
    const content = text === null ? Buffer.alloc(0) : typeof text === 'string' ? decodeBase64(text) : undefined;
    if (typeof timestamp !== 'string' || Number.isNaN(Date.parse(timestamp)) || content === undefined)
      return damaged(`has a ${field} without time or content`);
    if (Object.keys(others).length > 0) return damaged(`has a ${field} with more than time and content`);
    files.push({ field, timestamp, content });
  }
  return files.length === 0 ? damaged('holds no file') : parsed(files);
}

/**
 * The document, as the product writes it: one line.
 * @param length bytes: blanks fill it up to that, which the product's reader skips
 * @returns undefined when it is longer
 */
export function renderBootstrapSet(files: BootstrapSet, length?: number): Buffer | undefined {
  const entries = files.map(({ field, timestamp, content }) => [
    field,
    { Timestamp: timestamp, Content: content.toString('base64') },
  ]);
  const bytes = Buffer.from(`${JSON.stringify(Object.fromEntries(entries))}\n`, 'utf8');
  if (length === undefined || bytes.length === length) return bytes;
  return bytes.length > length ? undefined : Buffer.concat([bytes, Buffer.alloc(length - bytes.length, ' ')]);
}

function readJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
