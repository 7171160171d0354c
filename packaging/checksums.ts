import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** SHA-256 of a file, in lower-case hexadecimal digits. */
export function sha256Of(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Writes SHA256SUMS, as sha256sum(1) reads it, for the packages of a directory. */
export function writeChecksums(directory: string): void {
  const names = readdirSync(directory).filter((name) => /\.(deb|rpm)$/.test(name));
  const lines = names.sort().map((name) => `${sha256Of(join(directory, name))}  ${name}\n`);
  writeFileSync(join(directory, 'SHA256SUMS'), lines.join(''));
}
