import type { FileState } from '../disk/file-reader.ts';
import type { Certificate } from '../x509/certificate.ts';
import { reasons } from '../reason.ts';
import type { CertificateRow, CertificateStatus, Finding } from './assessment.ts';

/** What comes out for one entry. No row for what is absent and not missed. */
export interface Judgement {
  readonly findings: readonly Finding[];
  readonly row: CertificateRow | undefined;
}

export interface RowInput {
  readonly id: string;
  readonly path: string;
  readonly role: CertificateRow['role'];
  readonly file: FileState;
  readonly certificate: Certificate | undefined;
  readonly effectiveNotAfter: number | undefined;
  /** What answers on its port while the service runs. */
  readonly served?: Certificate | undefined;
  /** Everything the rules found: decides the status, which says what the file is like whoever mends it. */
  readonly found: readonly Finding[];
  /** What is reported of it. */
  readonly reported: readonly Finding[];
  readonly now: number;
}

/** One row of `check`. */
export function certificateRow(input: RowInput): CertificateRow | undefined {
  const { certificate } = input;
  if (input.file.state === 'absent' && input.reported.length === 0) return undefined;
  return {
    id: input.id,
    path: input.path,
    role: input.role,
    subject: certificate?.commonName,
    issuer: certificate?.issuerCommonName,
    usages: usagesOf(certificate),
    notBefore: certificate?.notBefore,
    notAfter: certificate?.notAfter,
    effectiveNotAfter: input.effectiveNotAfter,
    status: statusOf(input),
    findings: input.reported.map((finding) => finding.code),
    fingerprint256: certificate?.fingerprint256,
    served: servedIn(input),
  };
}

function servedIn({ served, certificate }: RowInput): CertificateRow['served'] {
  if (served === undefined) return undefined;
  const { fingerprint256, notAfter } = served;
  return { fingerprint256, notAfter, current: fingerprint256 === certificate?.fingerprint256 };
}

/** The worst that is true of it, in the words operators know (products 4.1). */
function statusOf(input: RowInput): CertificateStatus {
  const { certificate, effectiveNotAfter, now, found } = input;
  if (input.file.state === 'absent') return 'MISSING';
  if (found.some((finding) => reasons[finding.code].nature === 'damage')) return 'DAMAGED';
  if (certificate !== undefined && now < certificate.notBefore) return 'NOT YET VALID';
  if (effectiveNotAfter !== undefined && now > effectiveNotAfter) return 'EXPIRED';
  return found.some((finding) => finding.severity !== 'note') ? 'WARNING' : 'OK';
}

/** Authorities have no extended usages, so theirs are the plain ones. */
function usagesOf(certificate: Certificate | undefined): readonly string[] {
  return certificate?.extendedKeyUsages ?? certificate?.keyUsages ?? [];
}

/** When the first of these entries stops to be good; ms since the epoch. */
export function firstEnd(
  { rows }: { readonly rows: readonly CertificateRow[] },
  ids: readonly string[],
): number | undefined {
  const ends = rows.flatMap(({ id, effectiveNotAfter }) =>
    ids.includes(id) && effectiveNotAfter !== undefined ? [effectiveNotAfter] : [],
  );
  return ends.length === 0 ? undefined : Math.min(...ends);
}
