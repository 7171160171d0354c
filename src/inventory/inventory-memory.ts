import { hash } from 'node:crypto';
import type { FileState } from '../disk/file-reader.ts';
import type { CertificateMemory } from '../x509/certificate.ts';
import { type Parsed, parseFile } from '../x509/parsed.ts';

/**
 * What was parsed before, for a command that looks at the node several times: the first look of the boot hook, the one
 * under the lock, the one after the commit. Every look reads every file; only the same bytes at the same place are not
 * parsed twice. It must not live longer than one command, or one check of the daemon: there are private keys in it.
 */
export interface InventoryMemory {
  /** Of certificates that openssl has seen. */
  readonly certificates: CertificateMemory;
  /** By path and SHA-256. */
  readonly files: Map<string, Parsed<unknown>>;
}

export function emptyMemory(): InventoryMemory {
  return { certificates: new Map(), files: new Map() };
}

/** As parseFile, once for the same bytes. A path is always parsed by the same parser: that of its entry. */
export function parseFileOnce<T>(
  memory: InventoryMemory,
  path: string,
  file: FileState,
  parse: (bytes: Buffer) => Parsed<T>,
): Parsed<T> {
  return file.state === 'regular' ? parseOnce(memory, path, file, parse) : parseFile(file, parse);
}

/** @param file bytes that are at the path, or are meant to be */
export function parseOnce<T>(
  { files }: InventoryMemory,
  path: string,
  { bytes, sha256 = hash('sha256', bytes, 'hex') }: { readonly bytes: Buffer; readonly sha256?: string },
  parse: (bytes: Buffer) => Parsed<T>,
): Parsed<T> {
  const key = `${sha256} ${path}`;
  const known = files.get(key) as Parsed<T> | undefined;
  if (known !== undefined) return known;
  const result = parse(bytes);
  files.set(key, result);
  return result;
}
