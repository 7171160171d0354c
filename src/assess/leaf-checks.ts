import type { Identity } from '../layout/entry.ts';
import type { Certificate } from '../x509/certificate.ts';
import { nameFault } from '../x509/general-name.ts';
import type { PrivateKey } from '../x509/private-key.ts';
import { listed } from './figures.ts';

/*
 * What is asked of a leaf, whoever asks: the assessment of what is on disk (rules/leaf/, which knows how bad an answer is
 * and what helps) and the verification of a set that is to go live (verify/, which refuses it). Together with
 * `issuerRelation` and `lacking` of chain.ts it is the one set of checks; verification adds what only a proof can show:
 * the handshakes of all that talk, and the product's own window.
 */

/** RFC 5280 4.2.1.12: stands for every extended usage. */
const anyExtendedKeyUsage = '2.5.29.37.0';

export function isKeyOf(leaf: Certificate, key: PrivateKey): boolean {
  return leaf.spkiDer.equals(key.spkiDer);
}

/** Organizations are a set. An empty common name is that of a node whose name could not be found out: nothing to compare. */
export function hasSubject(
  leaf: Certificate,
  { commonName, organizations }: Pick<Identity, 'commonName' | 'organizations'>,
): boolean {
  return (commonName === '' || leaf.commonName === commonName) && isSameSet(leaf.organizations, organizations);
}

/**
 * Which of these names and addresses the leaf does not carry. DNS names are compared without regard to case (RFC 5280
 * 7.2); addresses are canonical text on both sides. What no certificate can hold is a finding of its own, since a new
 * certificate would lack it again.
 */
export function namesLacking(leaf: Certificate, names: readonly string[]): readonly string[] {
  const present = new Set([...leaf.dnsNames, ...leaf.ipAddresses].map((name) => name.toLowerCase()));
  return usableNames(names).filter((name) => !present.has(name.toLowerCase()));
}

/** Each once, without those that no certificate can hold. */
export function usableNames(names: readonly string[]): readonly string[] {
  return [...new Set(names)].filter((name) => nameFault(name) === undefined);
}

/** Why a leaf may not be used as it has to be, as a clause (`may not be used for ...`). The product does not ask; TLS does. */
export function usageFault(leaf: Certificate, required: readonly string[]): string | undefined {
  if (leaf.isAuthority) return 'is a certificate of an authority, not a leaf';
  const { keyUsages, extendedKeyUsages } = leaf;
  if (keyUsages !== undefined && !keyUsages.includes('digitalSignature')) return 'may not be used for digitalSignature';
  // An absent extension limits nothing (RFC 5280 4.2.1.12).
  if (extendedKeyUsages === undefined || extendedKeyUsages.includes(anyExtendedKeyUsage)) return undefined;
  const missing = required.filter((usage) => !extendedKeyUsages.includes(usage));
  return missing.length === 0 ? undefined : `may not be used for ${listed(missing)}`;
}

function isSameSet(left: readonly string[], right: readonly string[]): boolean {
  const set = new Set(left);
  return set.size === new Set(right).size && right.every((value) => set.has(value));
}
