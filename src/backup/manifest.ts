import { CertmendError, exitStatus } from '../error.ts';
import {
  count,
  instant,
  list,
  mode,
  nodePath,
  nullable,
  object,
  owner,
  readDocument,
  sha256,
  text,
} from '../disk/shape.ts';

/** Under which the manifest is in the archive: the first file of it. */
export const manifestName = 'certmend-manifest.json';

export const manifestSchema = 1;

/** What an archive says of itself, and of every file in it. No file of it is believed that this does not name. */
export interface BackupManifest {
  readonly schema: number;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  /** Version of the certmend that made it. */
  readonly certmend: string;
  readonly node: { readonly nodeName: string; readonly machineId: string };
  /** `rke2-server` */
  readonly layout: string;
  readonly product: string;
  readonly productVersion: string | null;
  readonly dataDir: string;
  readonly unit: string;
  readonly files: readonly BackedUpFile[];
  /** Directories of these files, with their modes, so that a restore into nothing opens none of them wider. */
  readonly directories: readonly { readonly path: string; readonly mode: number }[];
}

export interface BackedUpFile {
  /** Node path. */
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** RFC 3339, UTC, to the millisecond: the product compares it with its datastore. */
  readonly modifiedAt: string;
}

const shape = object<BackupManifest>({
  schema: count,
  createdAt: instant,
  certmend: text(),
  node: object<BackupManifest['node']>({ nodeName: text(isName), machineId: text(isName) }),
  layout: text(isName),
  product: text(isName),
  productVersion: nullable(text(isShort)),
  dataDir: nodePath,
  unit: text(isName),
  files: list(
    object<BackedUpFile>({ path: nodePath, sha256, size: count, mode, uid: owner, gid: owner, modifiedAt: instant }),
  ),
  directories: list(object<BackupManifest['directories'][number]>({ path: nodePath, mode })),
});

function isName(value: string): boolean {
  return /^[\w.:@\\-]{0,253}$/.test(value);
}

function isShort(value: string): boolean {
  return /^[\x20-\x7e]{0,100}$/.test(value);
}

export function formatManifest(manifest: BackupManifest): Buffer {
  return Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
}

/**
 * @returns a clause when it is none
 * @throws CertmendError BackupUnreadable (77) for one of a newer certmend
 */
export function parseManifest(bytes: Uint8Array): BackupManifest | string {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return 'has a manifest that is not JSON';
  }
  const head = readDocument(object<{ readonly schema: number }>({ schema: count }), document);
  if (head.ok && head.value.schema > manifestSchema) {
    throw new CertmendError(
      'BackupUnreadable',
      `the backup was made by a newer certmend (schema ${String(head.value.schema)}); nothing was changed`,
      { exit: exitStatus.refused, hint: 'use that version or a later one' },
    );
  }
  const read = readDocument(shape, document);
  return read.ok ? read.value : `has a manifest with an invalid or missing value at ${read.at || 'its top level'}`;
}
