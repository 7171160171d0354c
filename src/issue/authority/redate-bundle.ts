import type { KeyObject } from 'node:crypto';
import { isIssuedBy } from '../../assess/chain.ts';
import { dayMs, hourMs, secondMs } from '../../time/units.ts';
import { parseCertificateDer, type Certificate } from '../../x509/certificate.ts';
import { signatureScheme, signCertificate } from '../../x509/encode-certificate.ts';
import { encodePem } from '../../x509/pem.ts';
import type { PrivateKey } from '../../x509/private-key.ts';
import { readChildren, readWhole, tag, wholeOf } from '../../x509/read-der.ts';
import * as der from '../../x509/write-der.ts';

/** An authority's file as it becomes, or why it cannot. */
export type RenewedBundle =
  | {
      readonly ok: true;
      readonly pem: Buffer;
      readonly certificates: readonly Certificate[];
      /** Those that are new, with what they replace. */
      readonly renewed: readonly { readonly before: Certificate; readonly after: Certificate }[];
    }
  /** A clause: `the key of NAME, which signed it, is not in the file`. */
  | { readonly ok: false; readonly problem: string };

export interface Renewal {
  readonly certificates: readonly Certificate[];
  /** All keys of the authority's key file. */
  readonly keys: readonly PrivateKey[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** What ends no later than this is made anew. */
  readonly endsBy: number;
}

/** The product's own: of the authorities that it makes, and its allowance for clocks that differ between nodes. */
const validityDays = 3650;
const backdateMs = hourMs;

/**
 * The file with new dates: same keys, same subjects, byte for byte, same serial numbers and extensions, so that every leaf,
 * every key identifier and every pin but that of the file's own bytes stays true. What stands in the file and has ended is
 * made anew as far as the key that signed it is here; the signer, the file's first certificate, has to be among them.
 * A cross-signed copy or an old root whose key is gone stays as it is: nothing that is issued from now on leads to it.
 */
export function renewBundle({ certificates, keys, now, endsBy }: Renewal): RenewedBundle {
  const [signer] = certificates;
  if (signer === undefined) return { ok: false, problem: 'has no certificate' };
  const keyOf = ({ spkiDer }: Certificate): KeyObject | undefined =>
    keys.find((key) => key.spkiDer.equals(spkiDer))?.keyObject;
  if (keyOf(signer) === undefined) return { ok: false, problem: 'has not the key of its first certificate beside it' };
  const done = new Map<Certificate, Certificate>();
  // Roots first: an intermediate must not outlast the one above it.
  const inOrder = certificates.filter(({ notAfter }) => notAfter <= endsBy).toSorted((a, b) => rank(a) - rank(b));
  for (const before of inOrder) {
    const parents = certificates.filter((other) => isIssuedBy(before, other) && keyOf(other) !== undefined);
    const above = parents.includes(before) ? before : parents[0];
    const key = above === undefined ? undefined : keyOf(above);
    if (above === undefined || key === undefined) {
      if (before !== signer) continue;
      const problem = `was signed by ${before.issuerCommonName}, and the key of that is not in the authority's key file`;
      return { ok: false, problem };
    }
    const end = above === before ? Infinity : (done.get(above) ?? above).notAfter;
    const after = withNewDates(before, key, now, end);
    if (after === undefined) return { ok: false, problem: `has a ${before.commonName} that cannot be signed anew` };
    done.set(before, after);
  }
  const all = certificates.map((certificate) => done.get(certificate) ?? certificate);
  const renewed = [...done].map(([before, after]) => ({ before, after }));
  const [first] = all;
  if (first === undefined || first.notAfter <= now)
    return { ok: false, problem: 'has a first certificate that would still be expired' };
  const pem = Buffer.concat(all.map((certificate) => encodePem('CERTIFICATE', certificate.der)));
  return { ok: true, pem, certificates: all, renewed };
}

function rank(certificate: Certificate): number {
  return isIssuedBy(certificate, certificate) ? 0 : 1;
}

/** The certificate with another validity and another signature: everything else of it is copied as it stands. */
function withNewDates(before: Certificate, key: KeyObject, now: number, latestEnd: number): Certificate | undefined {
  const scheme = signatureScheme(key);
  const fields = tbsFields(before.der);
  if (scheme === undefined || fields === undefined) return undefined;
  const algorithm = fields[0]?.tag === tag.explicit(0) ? 2 : 1;
  const begin = Math.floor((now - backdateMs) / secondMs) * secondMs;
  const end = Math.min(begin + validityDays * dayMs, latestEnd);
  // SEQUENCE { [version], serialNumber, signature, issuer, validity, subject, … } (RFC 5280 4.1).
  const parts = fields.map(({ bytes }, index) => {
    if (index === algorithm) return scheme.algorithmIdentifier;
    return index === algorithm + 2 ? der.sequence(der.time(begin), der.time(end)) : bytes;
  });
  const after = parseCertificateDer(signCertificate(der.sequence(...parts), key, scheme));
  return after.ok ? after.value : undefined;
}

function tbsFields(bytes: Buffer): readonly { readonly tag: number; readonly bytes: Buffer }[] | undefined {
  const whole = readWhole(bytes, tag.sequence);
  const [tbs] = (whole && readChildren(bytes, whole)) ?? [];
  const fields = tbs && readChildren(bytes, tbs);
  return fields?.map((field) => ({ tag: field.tag, bytes: wholeOf(bytes, field) }));
}
