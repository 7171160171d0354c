import { createPrivateKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { overviewOf } from '../../../src/assess/authority/authorities.ts';
import { takeInventory } from '../../../src/inventory/take-inventory.ts';
import { renewAuthority, type NewAuthority } from '../../../src/issue/authority/renew-authority.ts';
import { resolveLayout } from '../../../src/layout/resolve-layout.ts';
import {
  decideRotation,
  type ChosenAuthority,
  type GivenAuthority,
  type RotationRequest,
} from '../../../src/plan/authority-rotation.ts';
import { readHostFacts } from '../../../src/system/host-facts.ts';
import { createFileReader } from '../../../src/system/files/node-file-reader.ts';
import { proveAuthority, type AuthorityProof } from '../../../src/verify/authority/prove-authority.ts';
import { parseCertificates } from '../../../src/x509/certificate.ts';
import type { Tree } from '../../fixtures/tree.ts';

export interface Rotated {
  readonly chosen: ChosenAuthority;
  readonly made: NewAuthority;
  readonly proof: AuthorityProof;
}

/** One rotation of a tree as the command makes it, decided, made and proven; nothing is written. */
export async function rotateOnce(
  tree: Tree,
  request: Partial<RotationRequest> = {},
  now: number = Date.now(),
): Promise<readonly Rotated[]> {
  const reader = createFileReader(tree.root);
  const answer = resolveLayout({}, reader, readHostFacts(tree.root));
  if (!answer.ok) throw new Error(answer.problem);
  const inventory = takeInventory(answer.layout, reader);
  const overview = overviewOf(inventory, now, 120);
  const all = decideRotation(inventory, overview, { ids: [], newRoot: false, given: undefined, ...request }, now);
  const rotated: Rotated[] = [];
  for (const chosen of all) {
    const { id, old, way } = chosen;
    const made = renewAuthority({ id, product: tree.product, old: old.certificates, way, now });
    const leaves = inventory.items.filter((item) => item.kind === 'leaf').filter(({ entry }) => entry.issuer === id);
    const authority = { id, certificates: old.certificates, key: old.key.keyObject };
    const proof = await proveAuthority({ old: authority, made, leaves, now, clockIsShifted: now !== Date.now() });
    rotated.push({ chosen, made, proof });
  }
  return rotated;
}

/** As the product has them after its restart. */
export function putInPlace(tree: Tree, rotated: readonly Rotated[]): void {
  for (const { made } of rotated) {
    const { certificatePath, keyPath } = tree.authority(made.id);
    writeFileSync(tree.host(certificatePath), made.certificatePem);
    writeFileSync(tree.host(keyPath), made.keyPem);
  }
}

/** What a person brings: the pair that signs first, and what stands above it. */
export function given(certificates: readonly string[], key: string): GivenAuthority {
  const read = parseCertificates(Buffer.from(certificates.join('')));
  const [certificate, ...above] = read.ok ? read.value : [];
  if (certificate === undefined) throw new Error('no certificate was given');
  return { pair: { certificate, key: createPrivateKey(key) }, above };
}

export function bytesOf(tree: Tree, id: string): Buffer {
  return readFileSync(tree.host(tree.authority(id).certificatePath));
}
