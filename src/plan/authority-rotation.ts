import type { AuthorityOverview, AuthorityView } from '../assess/authority/authorities.ts';
import { isSignedBy, maySign } from '../assess/chain.ts';
import { firstGoChain, isGoRoot } from '../assess/authority/go-chain.ts';
import { canSign } from '../assess/issuer.ts';
import { listed } from '../assess/figures.ts';
import { CertmendError, exitStatus } from '../error.ts';
import type { AuthorityItem, Inventory } from '../inventory/inventory.ts';
import type { KeyObject } from 'node:crypto';
import { instant } from '../time/rfc3339.ts';
import type { Certificate } from '../x509/certificate.ts';
import { parsePrivateKeys, type PrivateKey } from '../x509/private-key.ts';

/** A certificate that signs, with its key. */
export interface SigningPair {
  readonly certificate: Certificate;
  readonly key: KeyObject;
}

/**
 * What stands above the new signer. `intermediate`: the root that is there. `new-root`: a new root, which `by` signs as well,
 * so that whoever knows the old authority alone trusts it. `given`: what a person brought, the pair and what stands above it up
 * to its root; `by` signs that root as well where the old file does not lead to it.
 */
export type RotationWay =
  | { readonly kind: 'intermediate'; readonly root: SigningPair }
  | { readonly kind: 'new-root'; readonly by: SigningPair }
  | {
      readonly kind: 'given';
      readonly pair: SigningPair;
      readonly above: readonly Certificate[];
      readonly root: Certificate;
      readonly by: SigningPair | undefined;
    };

/** What a person brought to stand above the new authorities: the pair that signs, and what stands above it, root included. */
export interface GivenAuthority {
  readonly pair: SigningPair;
  readonly above: readonly Certificate[];
}

export interface RotationRequest {
  /** Authority ids; empty means every one that signs something on this node. */
  readonly ids: readonly string[];
  /** A new root also where a new intermediate under the present one would do. */
  readonly newRoot: boolean;
  readonly given: GivenAuthority | undefined;
}

/** One authority that is to be replaced, and how. */
export interface ChosenAuthority {
  readonly id: string;
  readonly item: AuthorityItem;
  readonly view: AuthorityView;
  /** Certificates of its file, the signer first, and the signer's key. */
  readonly old: { readonly certificates: readonly Certificate[]; readonly key: PrivateKey };
  readonly way: RotationWay;
}

/**
 * Decides what is made for each authority. The root is the certificate whose key is there, wherever either stands in its
 * file: after a second rotation, and in the files of an organisation, places say nothing (products 4.4).
 *
 * @throws CertmendError RotationUnfit (exit 77) when one of them cannot be replaced; Usage for an id that is none
 */
export function decideRotation(
  inventory: Inventory,
  { authorities }: AuthorityOverview,
  request: RotationRequest,
  now: number,
): readonly ChosenAuthority[] {
  const known = authorities.map(({ entry }) => entry.id);
  const stranger = request.ids.find((id) => !known.includes(id));
  if (stranger !== undefined) {
    throw new CertmendError('Usage', `${stranger} is no authority of this node; nothing was changed`, {
      exit: exitStatus.usage,
      hint: `it has ${listed(known)}`,
    });
  }
  const root = request.given && rootOfGiven(request.given, now);
  const wanted = request.ids.length === 0 ? known : [...new Set(request.ids)];
  return authorities
    .filter(({ entry }) => wanted.includes(entry.id))
    .map((view) => {
      const item = inventory.items.find(
        (one): one is AuthorityItem => one.kind === 'authority' && one.entry.id === view.entry.id,
      );
      if (item === undefined) throw new TypeError(`${view.entry.id} is in the overview and not in the inventory`);
      return choose(item, view, { ...request, root }, now);
    });
}

/** The root of what was given, when it was found good. */
type Checked = RotationRequest & { readonly root: Certificate | undefined };

function choose(item: AuthorityItem, view: AuthorityView, request: Checked, now: number): ChosenAuthority {
  const { id } = view.entry;
  const { signer, structure } = view;
  if (signer === undefined || structure === undefined || item.key?.ok !== true)
    throw unfitToRotate(`${id} or its key cannot be read on this node`, id);
  if (view.key.state !== 'fits') throw unfitToRotate(`the key of ${id} is not its own`, id);
  if (structure.effectiveEnd <= now || signer.notAfter <= now) {
    throw new CertmendError(
      'RotationUnfit',
      `not rotated: ${id} expired at ${instant(structure.effectiveEnd)}, and a rotation needs one that is valid; nothing was changed`,
      { exit: exitStatus.refused, hint: 'see docs/authorities.md: what to do when an authority has expired' },
    );
  }
  if (now < signer.notBefore) throw unfitToRotate(`${id} is not valid before ${instant(signer.notBefore)}`, id);
  const key = item.key.value;
  if (!canSign(key))
    throw unfitToRotate(`the key of ${id} is of a kind (${key.algorithm}) that signs nothing here`, id);
  const old = { certificates: view.certificates, key };
  return { id, item, view, old, way: wayOf(item, view, old, request, now) };
}

function wayOf(
  item: AuthorityItem,
  view: AuthorityView,
  old: ChosenAuthority['old'],
  { newRoot, given, root: givenRoot }: Checked,
  now: number,
): RotationWay {
  const { id } = view.entry;
  const by = oldRootOf(item, old, now);
  if (given !== undefined && givenRoot !== undefined) {
    const isKnown = isLedTo(given, old.certificates, now);
    return { kind: 'given', ...given, root: givenRoot, by: isKnown ? undefined : by };
  }
  if (newRoot) return { kind: 'new-root', by };
  const root = view.structure?.root;
  if (view.renewal === 'intermediate' && root !== undefined) {
    const pair = pairOf(root, keysOf(item));
    if (pair !== undefined) return { kind: 'intermediate', root: pair };
    throw new CertmendError(
      'RotationUnfit',
      `not rotated: the key of ${root.commonName}, the root above ${id}, is not on this node; nothing was changed`,
      {
        exit: exitStatus.refused,
        hint: `bring it: certmend ca rotate --root-cert FILE --root-key FILE; or an intermediate of it: --intermediate-cert FILE --intermediate-key FILE; or leave that root for a new one: --new-root`,
      },
    );
  }
  return { kind: 'new-root', by };
}

/** The root of the file whose key is in the key file, valid now; where none is, the signer itself. */
function oldRootOf(item: AuthorityItem, { certificates, key }: ChosenAuthority['old'], now: number): SigningPair {
  const keys = keysOf(item);
  const [signer] = certificates;
  if (signer === undefined) throw new TypeError('an authority without a certificate was chosen');
  const pairs = certificates
    .filter(
      (certificate) => certificate.issuerDer.equals(certificate.subjectDer) && isSignedBy(certificate, certificate),
    )
    .filter(({ notBefore, notAfter }) => notBefore <= now && now < notAfter)
    .toSorted((left, right) => right.notAfter - left.notAfter)
    .flatMap((certificate) => pairOf(certificate, keys) ?? []);
  return pairs[0] ?? { certificate: signer, key: key.keyObject };
}

function pairOf(certificate: Certificate, keys: readonly PrivateKey[]): SigningPair | undefined {
  const key = keys.find((one) => one.spkiDer.equals(certificate.spkiDer) && canSign(one));
  return key && { certificate, key: key.keyObject };
}

function keysOf({ keyFile, key }: AuthorityItem): readonly PrivateKey[] {
  const all = keyFile?.state === 'regular' ? parsePrivateKeys(keyFile.bytes) : undefined;
  if (all?.ok === true) return all.value;
  return key?.ok === true ? [key.value] : [];
}

/** Does the old file lead to what was given, without anybody's help? */
function isLedTo({ pair, above }: GivenAuthority, old: readonly Certificate[], now: number): boolean {
  const intermediates = [...old.filter((one) => !isGoRoot(one)), ...above];
  return firstGoChain(pair.certificate, { roots: old.filter(isGoRoot), intermediates, now }) !== undefined;
}

/** @throws CertmendError RotationUnfit for what would not do as an authority */
function rootOfGiven({ pair: { certificate, key }, above }: GivenAuthority, now: number): Certificate {
  const { commonName, notBefore, notAfter, pathLength, subjectKeyIdentifier } = certificate;
  const refusal = (problem: string): CertmendError =>
    unfitToRotate(`the certificate ${commonName} that was given ${problem}`);
  if (!certificate.x509.checkPrivateKey(key)) throw refusal('and the key that was given do not match');
  if (!maySign(certificate)) throw refusal('may not sign others: it needs cA TRUE and the usage keyCertSign');
  if (now < notBefore) throw refusal(`is not valid before ${instant(notBefore)}`);
  if (now >= notAfter) throw refusal(`expired at ${instant(notAfter)}`);
  if (pathLength === 0) throw refusal('has a path length of 0 and allows no authority below it');
  if (subjectKeyIdentifier === undefined)
    throw refusal('has no subject key identifier, by which the product tells roots from others');
  const chain = firstGoChain(certificate, {
    roots: [certificate, ...above].filter(isGoRoot),
    intermediates: above.filter((one) => !isGoRoot(one)),
    now,
  });
  const root = chain?.at(-1);
  if (root !== undefined) return root;
  throw refusal(
    'leads to no root: its file must hold the certificates above it as well, up to the root, all of them valid now',
  );
}

export function unfitToRotate(problem: string, id?: string): CertmendError {
  return new CertmendError('RotationUnfit', `not rotated: ${problem}; nothing was changed`, {
    exit: exitStatus.refused,
    hint: id === undefined ? 'see: certmend doctor' : `see: certmend why ${id}`,
  });
}
