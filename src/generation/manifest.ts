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
