import type { UnknownFile } from '../../inventory/inventory.ts';
import type { Certificate } from '../../x509/certificate.ts';
import type { CertificateRow, CertificateStatus, Finding } from '../assessment.ts';
import { span } from '../../time/span.ts';
import { instant } from '../../time/rfc3339.ts';
import { holdsPrivateKey, modesOf, permissionsFault } from './permissions.ts';

/**
 * Judges a certificate that no table names: reported, checked for expiry, never written. Its path stands for its id.
 * @param now milliseconds since the epoch
 * @param isAcknowledged a person knows of it (`check.acknowledged`): its row stays, and nothing is said of it but that
 * everybody can read a private key in it
 */
export function judgeUnknown(
  file: UnknownFile,
  now: number,
  isAcknowledged = false,
): { readonly findings: readonly Finding[]; readonly row: CertificateRow } {
  const { path, certificates } = file;
  const [first] = certificates;
  const ended = certificates.filter((certificate) => now > certificate.notAfter);
  const [worst] = ended;
  const problems = file.problems ?? [];
  const damaged = first === undefined && problems.length > 0;
  const about = damaged
    ? `${path} looks like a certificate but cannot be read: ${problems.join('; ')}`
    : `${path} holds a certificate that is not in the layout`;
  const message =
    worst === undefined
      ? `${about}; it is only watched`
      : `${about} and expired ${span(now - worst.notAfter)} ago, at ${instant(worst.notAfter)}: if nothing uses it, remove it`;
  const finding: Finding = {
    code: 'UnknownCertificate',
    id: path,
    path,
    severity: worst === undefined ? 'note' : 'warning',
    message,
    evidence: {
      subject: first?.commonName ?? '',
      notAfter: first === undefined ? '' : instant(first.notAfter),
      now: instant(now),
    },
    answer: worst === undefined ? 'none' : 'operator',
  };
  const findings = [...(isAcknowledged ? [] : [finding]), ...openKey(file)];
  const row: CertificateRow = {
    id: path,
    path,
    role: 'unknown',
    subject: first?.commonName,
    issuer: first?.issuerCommonName,
    usages: first?.extendedKeyUsages ?? first?.keyUsages ?? [],
    notBefore: first?.notBefore,
    notAfter: first?.notAfter,
    effectiveNotAfter: first?.notAfter,
    status: damaged ? 'DAMAGED' : statusOf(certificates, now),
    findings: findings.map(({ code }) => code),
    fingerprint256: first?.fingerprint256,
  };
  return { findings, row };
}

function openKey({ path, file }: UnknownFile): readonly Finding[] {
  const fault = permissionsFault([{ path, file, secret: file !== undefined && holdsPrivateKey(file) }], false);
  if (fault?.message.includes('secret') !== true) return [];
  return [{ ...fault, id: path, path, evidence: modesOf([{ path, file, secret: true }]) }];
}

function statusOf(certificates: readonly Certificate[], now: number): CertificateStatus {
  if (certificates.some((certificate) => now > certificate.notAfter)) return 'EXPIRED';
  return certificates.some((certificate) => now < certificate.notBefore) ? 'NOT YET VALID' : 'OK';
}
