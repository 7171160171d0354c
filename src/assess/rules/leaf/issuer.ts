import { lacking } from '../../chain.ts';
import { pairFault, type LeafSubject } from './subject.ts';
import type { Rule } from '../rule.ts';

/** Did the authority on disk sign it? */
export const issuerRule: Rule<LeafSubject> = {
  name: 'issuer',
  asks: 'was it signed by the authority on disk?',
  inputs: issuerFigures,
  judge(subject) {
    const { item, leaf, issuer, relation } = subject;
    if (leaf === undefined || relation === undefined) return 'skipped';
    const path = item.entry.certificatePath;
    if (relation === 'foreign') {
      const message = `${path} was signed by ${leaf.issuerCommonName}, not by the authority in ${issuer?.path ?? item.entry.issuer}`;
      return pairFault(subject, 'repair', { code: 'IssuerMismatch', severity: 'critical', message });
    }
    if (relation === 'signature-invalid') {
      const message = `${path} names the authority in ${issuer?.path ?? item.entry.issuer}, but its signature does not verify with that authority's key`;
      return pairFault(subject, 'repair', { code: 'SignatureInvalid', severity: 'critical', message });
    }
    return 'passed';
  },
};

/** Would the product see the authority on disk as its issuer? It compares key identifiers only (products 2.1). */
export const keyIdentifierRule: Rule<LeafSubject> = {
  name: 'key-identifier',
  asks: "does its authority key identifier match the authority's first certificate?",
  inputs: issuerFigures,
  judge(subject) {
    const { item, relation } = subject;
    if (relation === 'fits') return 'passed';
    if (relation !== 'identifier-differs' && relation !== 'bundled') return 'skipped';
    const by = relation === 'bundled' ? 'an older certificate of the authority' : 'the authority';
    const message = `${item.entry.certificatePath} was signed by ${by}, but its authority key identifier is not that of ${item.entry.issuer}: due for replacement`;
    return pairFault(subject, 'rotate', { code: 'IdentityDrift', severity: 'warning', message });
  },
};

/** Does the file carry what peers need to build the chain? */
export const chainRule: Rule<LeafSubject> = {
  name: 'chain',
  asks: "does the file include its authority's certificates?",
  inputs: ({ item, issuer }) => ({
    inFile: String(item.certificates.ok ? Math.max(0, item.certificates.value.length - 1) : 0),
    inAuthorityFile: String(issuer?.certificates.length ?? 0),
  }),
  judge(subject) {
    const { item, relation } = subject;
    const authority = subject.issuer?.certificates ?? [];
    if (!item.entry.chainInFile || !item.certificates.ok || (relation !== 'fits' && relation !== 'bundled'))
      return 'skipped';
    const missing = lacking(authority, item.certificates.value.slice(1), subject.context.now).length;
    if (missing === 0) return 'passed';
    const path = item.entry.certificatePath;
    const message = `${path} lacks ${missing} of the ${authority.length} certificates of ${item.entry.issuer}, which peers may need to verify it: due for replacement`;
    return pairFault(subject, 'rotate', { code: 'ChainIncomplete', severity: 'warning', message });
  },
};

function issuerFigures({ leaf, issuer, relation }: LeafSubject): Readonly<Record<string, string>> {
  const signer = issuer?.certificates[0];
  return {
    issuer: leaf?.issuerCommonName ?? '',
    authority: signer?.commonName ?? '',
    authorityKeyIdentifier: leaf?.authorityKeyIdentifier ?? '',
    subjectKeyIdentifier: signer?.subjectKeyIdentifier ?? '',
    relation: relation ?? '',
  };
}
