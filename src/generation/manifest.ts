import * as z from 'zod/mini';
import type { Manifest } from './generation.ts';

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const owner = z.int().check(z.minimum(0), z.maximum(0xffff_ffff));
const instant = z.iso.datetime();

const manifestFile = z.strictObject({
  path: z.string().check(z.regex(/^\/[^\0]+$/)),
  id: z.string(),
  role: z.enum(['certificate', 'key', 'kubeconfig', 'trigger']),
  stored: z.string().check(z.regex(/^[^/\0][^\0]*$/)),
  sha256,
  mode: z.int().check(z.minimum(0), z.maximum(0o7777)),
  uid: owner,
  gid: owner,
  fingerprint256: z.optional(sha256),
});

const manifest = z.strictObject({
  schema: z.literal(1),
  number: z.int().check(z.minimum(1)),
  origin: z.enum(['issued', 'repaired', 'adopted']),
  createdAt: instant,
  certmend: z.string(),
  binding: z.strictObject({
    machineId: z.string(),
    nodeName: z.string(),
    layout: z.string(),
    dataDir: z.string(),
    authorities: z.record(z.string(), sha256),
    identities: sha256,
  }),
  notBefore: instant,
  notAfter: instant,
  files: z.array(manifestFile),
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
  const result = manifest.safeParse(document);
  if (result.success) {
    return { ok: true, manifest: result.data };
  }
  const [issue] = result.error.issues;
  const where = issue === undefined ? '' : ` at ${issue.path.map(String).join('.') || 'its top'}`;
  return { ok: false, problem: `its manifest does not have the right shape${where}` };
}

export function formatManifest(value: Manifest): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}
