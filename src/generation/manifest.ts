import { join } from 'node:path';
import { jsonText } from '../disk/json-text.ts';
import {
  exact,
  instant,
  list,
  matching,
  mode,
  nodePath,
  oneOf,
  optional,
  owner,
  readDocument,
  record,
  sha256,
  text,
  whole,
} from '../disk/shape.ts';
import type { Binding, Manifest, ManifestFile } from './generation.ts';
import { ownPaths } from '../disk/own-paths.ts';

const manifest = exact<Manifest>({
  schema: oneOf(1),
  number: whole(1),
  origin: oneOf('issued', 'repaired', 'adopted'),
  createdAt: instant,
  certmend: text(),
  binding: exact<Binding>({
    machineId: text(),
    nodeName: text(),
    layout: text(),
    dataDir: text(),
    authorities: record(sha256),
    identities: sha256,
  }),
  notBefore: instant,
  notAfter: instant,
  files: list(
    exact<ManifestFile>({
      path: nodePath,
      id: text(),
      role: oneOf('certificate', 'key', 'kubeconfig', 'trigger'),
      stored: matching(/^[^/\0][^\0]*$/),
      sha256,
      mode,
      uid: owner,
      gid: owner,
      fingerprint256: optional(sha256),
    }),
  ),
});

export type ParsedManifest =
  { readonly ok: true; readonly manifest: Manifest } | { readonly ok: false; readonly problem: string };

/** Reads the bytes of a `manifest.json`. Nothing in it is trusted beyond its shape: the store compares it with the disk. */
export function parseManifest(bytes: Uint8Array): ParsedManifest {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return { ok: false, problem: 'its manifest is not JSON' };
  }
  const read = readDocument(manifest, document);
  return read.ok
    ? { ok: true, manifest: read.value }
    : { ok: false, problem: `its manifest has an invalid or missing value at ${read.at || 'its top level'}` };
}

export function formatManifest(value: Manifest): Buffer {
  return Buffer.from(`${jsonText(value, 2)}\n`);
}

/** Node path of a generation's directory. */
export function generationDirectory(number: number): string {
  return join(ownPaths.generations, String(number));
}

/** Node path of a generation's own copy of a file: what a commit stages from (`PutChange.source`). */
export function storedPath(number: number, file: Pick<ManifestFile, 'stored'>): string {
  return join(generationDirectory(number), file.stored);
}

/** Where a file is kept inside its generation: as on the node, below `files/`; below `outside/` when not in the data dir. */
export function storedName(path: string, dataDir: string): string {
  return path.startsWith(`${dataDir}/`) ? `files${path.slice(dataDir.length)}` : `outside${path}`;
}

/** Directories on the way to a stored file, outer before inner: `files`, `files/server`, `files/server/tls`. */
export function directoriesAbove(stored: string): readonly string[] {
  const parts = stored.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
