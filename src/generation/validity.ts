import { X509Certificate } from 'node:crypto';
import type { MaterialFile } from '../issue/material.ts';

export interface SetValidity {
  /** Latest notBefore and earliest notAfter over the certificate files, chains included; ms since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

const pemCertificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * When a whole set is good: from when its youngest leaf is, until the first certificate of any file ends, since a leaf
 * is worth nothing beyond its authority (RFC 5280 6.1.3). What does not parse counts for nothing here: verify/ judges.
 * Undefined when there is no certificate at all.
 */
export function validityOf(files: readonly MaterialFile[]): SetValidity | undefined {
  const chains = files.filter(({ role }) => role === 'certificate').map(({ bytes }) => certificatesIn(bytes));
  const leaves = chains.flatMap((chain) => chain.slice(0, 1));
  if (leaves.length === 0) {
    return undefined;
  }
  return {
    notBefore: Math.max(...leaves.map((leaf) => leaf.validFromDate.getTime())),
    notAfter: Math.min(...chains.flat().map((certificate) => certificate.validToDate.getTime())),
  };
}

/** Lower-case hexadecimal SHA-256 fingerprint of the first certificate of a file; undefined when there is none. */
export function fingerprintOf(bytes: Uint8Array): string | undefined {
  return certificatesIn(bytes)[0]?.fingerprint256.replaceAll(':', '').toLowerCase();
}

function certificatesIn(bytes: Uint8Array): readonly X509Certificate[] {
  const blocks = Buffer.from(bytes).toString('latin1').match(pemCertificate) ?? [];
  return blocks.flatMap((pem) => {
    try {
      return [new X509Certificate(pem)];
    } catch {
      return [];
    }
  });
}
