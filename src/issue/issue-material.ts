import type { Remembered } from '../assess/assessment.ts';
import type { FileState } from '../disk/file-reader.ts';
import type { AuthorityItem, Inventory, LeafItem } from '../inventory/inventory.ts';
import { CertmendError, exitStatus } from '../error.ts';
import { fileMode } from '../layout/file-mode.ts';
import { identityOf } from './identity.ts';
import { issueUnder, type IssuedLeaf } from './issue-leaf.ts';
import type { MaterialFile } from './material.ts';
import { openAuthority, type SigningAuthority } from './signing-authority.ts';

export interface MaterialRequest {
  readonly inventory: Inventory;
  /** Leaf entries to issue. */
  readonly ids: readonly string[];
  readonly remembered: Remembered;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly validityDays: number;
  /** Keep the private keys that are on disk and readable (renew); otherwise every leaf gets a new one (rekey). */
  readonly reuseKeys: boolean;
  /** New certificate files are made as long as those on disk, where they would be shorter: they are written over. */
  readonly keepLength?: boolean | undefined;
}

/**
 * Issues the leaves asked for from the authorities on disk.
 * @returns for each leaf, in table order, its key file and then its certificate file
 * @throws CertmendError AuthorityUnusable (see {@link openAuthority}), SanMissing, LayoutUnknown for an id that is no leaf
 * of the layout
 */
export function issueMaterial(request: MaterialRequest): readonly MaterialFile[] {
  const { inventory, now } = request;
  const wanted = new Set(request.ids);
  const leaves = inventory.items.filter((item) => item.kind === 'leaf').filter((item) => wanted.delete(item.entry.id));
  const [stranger] = wanted;
  if (stranger !== undefined) throw notALeaf(stranger, inventory.layout.name);

  const opened = new Map<string, Signer>();
  return leaves.flatMap((leaf) => {
    const signer = opened.get(leaf.entry.issuer) ?? openSigner(inventory, leaf.entry.issuer, now);
    opened.set(leaf.entry.issuer, signer);
    return filesOf(leaf, signer, request);
  });
}

interface Signer {
  readonly authority: SigningAuthority;
  readonly certificateFile: FileState | undefined;
}

function openSigner(inventory: Inventory, id: string, now: number): Signer {
  const item = inventory.items.find((one): one is AuthorityItem => one.kind === 'authority' && one.entry.id === id);
  const certificates = item?.certificates.ok === true ? item.certificates.value : [];
  const key = item?.key?.ok === true ? item.key.value.keyObject : undefined;
  return { authority: openAuthority({ id, certificates, key }, now), certificateFile: item?.certificateFile };
}

function filesOf(leaf: LeafItem, signer: Signer, request: MaterialRequest): MaterialFile[] {
  const { entry, certificateFile, keyFile } = leaf;
  const kept = request.reuseKeys && leaf.key.ok && keyFile.state === 'regular' ? leaf.key.value : undefined;
  const issued: IssuedLeaf = issueUnder(signer.authority, {
    identity: identityOf(leaf, request.remembered.identities.get(entry.id)),
    extendedKeyUsages: entry.extendedKeyUsages,
    chainInFile: entry.chainInFile,
    now: request.now,
    validityDays: request.validityDays,
    key: kept?.keyObject,
  });
  return [
    {
      path: entry.keyPath,
      id: entry.id,
      role: 'key',
      // A kept key stays as it was written, so that the file does not change at all.
      bytes: kept !== undefined && keyFile.state === 'regular' ? keyFile.bytes : issued.keyPem,
      mode: fileMode(entry.keyMode, modeOf(keyFile)),
      ...ownerOf(keyFile, certificateFile, signer.certificateFile),
    },
    {
      path: entry.certificatePath,
      id: entry.id,
      role: 'certificate',
      bytes: request.keepLength === true ? asLongAs(issued.certificatePem, certificateFile) : issued.certificatePem,
      mode: fileMode(entry.certificateMode, modeOf(certificateFile)),
      ...ownerOf(certificateFile, keyFile, signer.certificateFile),
    },
  ];
}

/** With line ends behind its last block, which PEM readers pass over. */
function asLongAs(pem: Buffer, before: FileState): Buffer {
  const missing = before.state === 'regular' ? before.bytes.length - pem.length : 0;
  return missing > 0 ? Buffer.concat([pem, Buffer.alloc(missing, '\n')]) : pem;
}

function modeOf(file: FileState): number | undefined {
  return file.state === 'regular' ? file.mode : undefined;
}

/** The owner of the first of the files that is there; root when none is. */
function ownerOf(...files: readonly (FileState | undefined)[]): { readonly uid: number; readonly gid: number } {
  const present = files.find((file) => file?.state === 'regular');
  return present === undefined ? { uid: 0, gid: 0 } : { uid: present.uid, gid: present.gid };
}

function notALeaf(id: string, layout: string): CertmendError {
  return new CertmendError('LayoutUnknown', `${id} is not a leaf of the layout ${layout}; nothing was issued`, {
    hint: 'certmend check lists the certificates of this node',
    exit: exitStatus.usage,
  });
}
