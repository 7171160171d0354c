import { parseCertificates, type Certificate } from '../x509/certificate.ts';
import type { AuthorityItem, Inventory, LeafItem } from '../inventory/inventory.ts';
import { type PrivateKey, parseFirstPrivateKey } from '../x509/private-key.ts';
import { parseOnce, type InventoryMemory } from '../inventory/inventory-memory.ts';
import type { MaterialFile } from '../issue/material.ts';
import type { LeafEntry } from '../layout/entry.ts';
import type { Failure } from './verdict.ts';

/** A leaf of the set, parsed from the bytes that were read back; the first certificate is the leaf. */
export interface Candidate {
  readonly entry: LeafEntry;
  readonly leaf: Certificate;
  readonly rest: readonly Certificate[];
  readonly key: PrivateKey;
  readonly certificatePem: Buffer;
  readonly keyPem: Buffer;
  /** Undefined when the layout names an issuer that it does not have. */
  readonly authority: AuthorityItem | undefined;
  /** True when the set brings another certificate than the one that is live now. */
  readonly isNew: boolean;
}

export type Candidacy =
  { readonly ok: true; readonly candidate: Candidate } | { readonly ok: false; readonly failures: readonly Failure[] };

/** Brings the files of a set together by leaf entry, in table order, and parses them. Other kinds of files are passed over. */
export function candidatesOf(
  files: readonly MaterialFile[],
  inventory: Inventory,
  memory: InventoryMemory,
): readonly Candidacy[] {
  const pairFiles = files.filter((file) => file.role === 'certificate' || file.role === 'key');
  const leaves = inventory.items.filter((item) => item.kind === 'leaf');
  const known = new Set(leaves.map((item) => item.entry.id));
  const strangers = pairFiles
    .filter((file) => !known.has(file.id))
    .map((file) => ({ ok: false, failures: [stranger(file)] }) as const);
  const candidacies = leaves.flatMap((item) => {
    const own = pairFiles.filter((file) => file.id === item.entry.id);
    return own.length === 0 ? [] : [candidacy(item, own, inventory, memory)];
  });
  return [...strangers, ...candidacies];
}

function candidacy(
  item: LeafItem,
  files: readonly MaterialFile[],
  inventory: Inventory,
  memory: InventoryMemory,
): Candidacy {
  const { entry } = item;
  const certificateFile = files.find((file) => file.role === 'certificate' && file.path === entry.certificatePath);
  const keyFile = files.find((file) => file.role === 'key' && file.path === entry.keyPath);
  if (certificateFile === undefined || keyFile === undefined || files.length !== 2) {
    const path = certificateFile === undefined ? entry.certificatePath : entry.keyPath;
    const code = certificateFile === undefined ? 'LeafMissing' : 'KeyMissing';
    return failed(entry, path, code, 'the set does not hold exactly its certificate and its key');
  }
  const certificates = parseOnce(memory, entry.certificatePath, certificateFile, (bytes) =>
    parseCertificates(bytes, memory.certificates),
  );
  if (!certificates.ok) return failed(entry, entry.certificatePath, 'LeafUnreadable', sentence(certificates.problems));
  const key = parseOnce(memory, entry.keyPath, keyFile, parseFirstPrivateKey);
  if (!key.ok) return failed(entry, entry.keyPath, 'KeyUnreadable', sentence(key.problems));
  const [leaf, ...rest] = certificates.value;
  if (leaf === undefined)
    return failed(entry, entry.certificatePath, 'LeafUnreadable', 'its file holds no certificate');
  const live = item.certificateFile;
  return {
    ok: true,
    candidate: {
      entry,
      leaf,
      rest,
      key: key.value,
      certificatePem: certificateFile.bytes,
      keyPem: keyFile.bytes,
      authority: authorityOf(entry.issuer, inventory),
      isNew: live.state !== 'regular' || !live.bytes.equals(certificateFile.bytes),
    },
  };
}

/** The authority entry as it is on disk. */
export function authorityOf(id: string, inventory: Inventory): AuthorityItem | undefined {
  return inventory.items.find((item): item is AuthorityItem => item.kind === 'authority' && item.entry.id === id);
}

function stranger(file: MaterialFile): Failure {
  return {
    id: file.id,
    path: file.path,
    code: 'UnknownCertificate',
    message: 'the layout of this node has no such leaf',
  };
}

function failed(entry: LeafEntry, path: string, code: Failure['code'], message: string): Candidacy {
  return { ok: false, failures: [{ id: entry.id, path, code, message }] };
}

function sentence(problems: readonly string[]): string {
  return `its file ${problems.join(', ')}`;
}
