import { listed } from '../../figures.ts';
import { hasSubject, namesLacking, usableNames, usageFault } from '../../leaf-checks.ts';
import { pairFault, type LeafSubject } from './subject.ts';
import type { Rule } from '../rule.ts';

/** Is it the subject that the consumer expects? */
export const subjectRule: Rule<LeafSubject> = {
  name: 'subject',
  asks: 'are its common name and organization as expected?',
  inputs: ({ item, leaf }) => ({
    expectedCommonName: item.entry.identity.commonName,
    actualCommonName: leaf?.commonName ?? '',
    expectedOrganizations: item.entry.identity.organizations.join(', '),
    actualOrganizations: leaf?.organizations.join(', ') ?? '',
  }),
  judge(subject) {
    const { item, leaf } = subject;
    if (leaf === undefined) return 'skipped';
    if (hasSubject(leaf, item.entry.identity)) return 'passed';
    const { commonName, organizations } = item.entry.identity;
    const is = subjectText(leaf.commonName, leaf.organizations);
    const shouldBe = subjectText(commonName, organizations);
    const message = `${item.entry.certificatePath} is for ${is} and should be for ${shouldBe}: due for replacement`;
    return pairFault(subject, 'rotate', { code: 'IdentityDrift', severity: 'warning', message });
  },
};

/** Has it every name that the node needs, or ever had? Extra names are never too many (architecture, Identity). */
export const namesRule: Rule<LeafSubject> = {
  name: 'names',
  asks: 'does it have every name and address that it needs?',
  inputs: (subject) => ({
    required: requiredNames(subject).join(', '),
    actual: subject.leaf === undefined ? '' : [...subject.leaf.dnsNames, ...subject.leaf.ipAddresses].join(', '),
    missing: subject.leaf === undefined ? '' : namesLacking(subject.leaf, requiredNames(subject)).join(', '),
  }),
  judge(subject) {
    const { item, leaf } = subject;
    if (leaf === undefined) return 'skipped';
    const missing = namesLacking(leaf, requiredNames(subject));
    if (missing.length === 0) return 'passed';
    const message = `${item.entry.certificatePath} lacks ${listed(missing)}: due for replacement`;
    return pairFault(subject, 'rotate', { code: 'SanMissing', severity: 'warning', message });
  },
};

/** May it be used for what its consumer does with it? The product does not check this; TLS does. */
export const usagesRule: Rule<LeafSubject> = {
  name: 'usages',
  asks: 'do its usages allow what it is used for?',
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

function requiredNames({ item, context }: LeafSubject): readonly string[] {
  const { identity, id } = item.entry;
  const remembered = context.remembered.identities.get(id);
  const names = [
    ...identity.dnsNames,
    ...identity.ipAddresses,
    ...(remembered?.dnsNames ?? []),
    ...(remembered?.ipAddresses ?? []),
  ];
  return usableNames(names);
}

function subjectText(commonName: string, organizations: readonly string[]): string {
  const name = commonName === '' ? 'no name' : commonName;
  return organizations.length === 0 ? name : `${name} (${organizations.join(', ')})`;
}
