import type { Certificate } from '../../../x509/certificate.ts';
import { listed } from '../../figures.ts';
import { nameFault } from '../../../x509/name-fault.ts';
import { pairFault, type LeafSubject } from './subject.ts';
import type { Rule } from '../rule.ts';

/** RFC 5280 4.2.1.12: stands for every extended usage. */
const anyExtendedKeyUsage = '2.5.29.37.0';

/** Is it the subject that the consumer expects? */
export const subjectRule: Rule<LeafSubject> = {
  name: 'subject',
  asks: 'is its common name and organization what the table says?',
  inputs: ({ item, leaf }) => ({
    expectedCommonName: item.entry.identity.commonName,
    actualCommonName: leaf?.commonName ?? '',
    expectedOrganizations: item.entry.identity.organizations.join(', '),
    actualOrganizations: leaf?.organizations.join(', ') ?? '',
  }),
  judge(subject) {
    const { item, leaf } = subject;
    if (leaf === undefined) return 'skipped';
    const { commonName, organizations } = item.entry.identity;
    // An empty name in the table means that the node's name could not be found out: nothing to compare with.
    const sameName = commonName === '' || leaf.commonName === commonName;
    if (sameName && isSameSet(leaf.organizations, organizations)) return 'passed';
    const is = subjectText(leaf.commonName, leaf.organizations);
    const shouldBe = subjectText(commonName, organizations);
    const message = `${item.entry.certificatePath} is for ${is} and should be for ${shouldBe}: a new one is due`;
    return pairFault(subject, 'rotate', { code: 'IdentityDrift', severity: 'warning', message });
  },
};

/** Has it every name that the node needs, or ever had? Extra names are never too many (architecture, Identity). */
export const namesRule: Rule<LeafSubject> = {
  name: 'names',
  asks: 'does it carry every name and address that it needs?',
  inputs: (subject) => ({
    required: requiredNames(subject).join(', '),
    actual: subject.leaf === undefined ? '' : [...subject.leaf.dnsNames, ...subject.leaf.ipAddresses].join(', '),
    missing: subject.leaf === undefined ? '' : missingNames(subject, subject.leaf).join(', '),
  }),
  judge(subject) {
    const { item, leaf } = subject;
    if (leaf === undefined) return 'skipped';
    const missing = missingNames(subject, leaf);
    if (missing.length === 0) return 'passed';
    const message = `${item.entry.certificatePath} lacks ${listed(missing)}: a new one is due`;
    return pairFault(subject, 'rotate', { code: 'SanMissing', severity: 'warning', message });
  },
};

/** May it be used for what its consumer does with it? The product does not check this; TLS does. */
export const usagesRule: Rule<LeafSubject> = {
  name: 'usages',
  asks: 'may it be used for what it is there for?',
  inputs: ({ item, leaf }) => ({
    required: item.entry.extendedKeyUsages.join(', '),
    extendedKeyUsages: leaf?.extendedKeyUsages?.join(', ') ?? 'any',
    keyUsages: leaf?.keyUsages?.join(', ') ?? 'any',
  }),
  judge(subject) {
    const { item, leaf } = subject;
    if (leaf === undefined) return 'skipped';
    const fault = usageFault(leaf, item.entry.extendedKeyUsages);
    if (fault === undefined) return 'passed';
    const message = `${item.entry.certificatePath} ${fault}`;
    return pairFault(subject, 'repair', { code: 'UsageMismatch', severity: 'critical', message });
  },
};

function usageFault(leaf: Certificate, required: readonly string[]): string | undefined {
  if (leaf.isAuthority) return 'is the certificate of an authority, not of a leaf';
  const { keyUsages, extendedKeyUsages } = leaf;
  if (keyUsages !== undefined && !keyUsages.includes('digitalSignature')) return 'may not be used for digitalSignature';
  // An absent extension limits nothing (RFC 5280 4.2.1.12).
  if (extendedKeyUsages === undefined || extendedKeyUsages.includes(anyExtendedKeyUsage)) return undefined;
  const missing = required.filter((usage) => !extendedKeyUsages.includes(usage));
  return missing.length === 0 ? undefined : `may not be used for ${listed(missing)}`;
}

/** DNS names are compared without regard to case (RFC 5280 7.2); addresses are canonical text on both sides. */
function missingNames(subject: LeafSubject, leaf: Certificate): readonly string[] {
  const present = new Set([...leaf.dnsNames, ...leaf.ipAddresses].map((name) => name.toLowerCase()));
  return requiredNames(subject).filter((name) => !present.has(name.toLowerCase()));
}

function requiredNames({ item, context }: LeafSubject): readonly string[] {
  const { identity, id } = item.entry;
  const remembered = context.remembered.identities.get(id);
  const names = [
    ...identity.dnsNames,
    ...identity.ipAddresses,
    ...(remembered?.dnsNames ?? []),
    ...(remembered?.ipAddresses ?? []),
  ];
  // What no certificate can hold is a finding of its own: a new certificate would lack it again.
  return [...new Set(names)].filter((name) => nameFault(name) === undefined);
}

function isSameSet(left: readonly string[], right: readonly string[]): boolean {
  const set = new Set(left);
  return set.size === new Set(right).size && right.every((value) => set.has(value));
}

function subjectText(commonName: string, organizations: readonly string[]): string {
  const name = commonName === '' ? 'no name' : commonName;
  return organizations.length === 0 ? name : `${name} (${organizations.join(', ')})`;
}
