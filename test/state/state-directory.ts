import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { FileReader } from '../../src/disk/file-reader.ts';
import type { FileWriter } from '../../src/disk/file-writer.ts';
import { createFileReader } from '../../src/system/files/node-file-reader.ts';
import { createFileWriter } from '../../src/system/files/node-file-writer.ts';

export interface StateDirectory {
  readonly root: string;
  readonly reader: FileReader;
  readonly writer: FileWriter;
  /** Host path of the state file. */
  readonly file: string;
  readonly directory: string;
  put(text: string | Uint8Array): void;
  text(): string;
  names(): readonly string[];
}

/** A root of its own with /var/lib/certmend in it, unless `bare`. */
export function stateDirectory(t: ExecutionContext, options: { bare?: boolean } = {}): StateDirectory {
  const root = mkdtempSync(join(tmpdir(), 'certmend-state-'));
  t.teardown(() => {
    rmSync(root, { recursive: true, force: true });
  });
  const directory = join(root, 'var/lib/certmend');
  if (options.bare !== true) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, 'dynamic-cert.json');
  return {
    root,
    reader: createFileReader(root),
    writer: createFileWriter(root),
    file,
    directory,
    put: (text) => {
      writeFileSync(file, text, { mode: 0o600 });
    },
    text: () => readFileSync(file, 'utf8'),
    names: () => (existsSync(directory) ? readdirSync(directory).toSorted() : []),
  };
}
