import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import {
  authorityConstraintsExtension,
  authorityKeyIdentifierExtension,
  authorityKeyUsageExtension,
  signatureScheme,
  signCertificate,
  subjectKeyIdentifierExtension,
} from '../../x509/encode-certificate.ts';
import { type Certificate, parseCertificateDer } from '../../x509/certificate.ts';
import * as der from '../../x509/write-der.ts';
import { secondMs } from '../../time/units.ts';
import { serialNumber } from '../serial-and-key.ts';

/** Who is certified: its name and key identifier are copied byte by byte from another certificate of it, if there is one. */
export interface CertifiedAuthority {
  /** DER of the Name. */
  readonly subjectDer: Buffer;
  readonly spkiDer: Buffer;
  readonly keyIdentifier: Buffer;
}

export interface AuthoritySigner {
  readonly subjectDer: Buffer;
  readonly keyIdentifier: Buffer;
  readonly key: KeyObject;
}

/** Milliseconds since the epoch. */
export interface Dates {
  readonly notBefore: number;
  readonly notAfter: number;
}

/**
 * One certificate of an authority, in the shape that the product gives its own (products 1.1), with an authority key
 * identifier: by that the product tells roots from what stands below them (products 4.3).
 * @param signer of a self-signed one: itself
 */
export function signAuthority(subject: CertifiedAuthority, signer: AuthoritySigner, dates: Dates): Certificate {
  const scheme = signatureScheme(signer.key);
  if (scheme === undefined) throw new TypeError('a key of this kind signs nothing, and was to be refused before');
  const tbsCertificate = der.sequence(
    der.explicit(0, der.integer(Buffer.of(2))),
    der.integer(serialNumber()),
    scheme.algorithmIdentifier,
    signer.subjectDer,
    der.sequence(der.time(wholeSecond(dates.notBefore)), der.time(wholeSecond(dates.notAfter))),
    subject.subjectDer,
    subject.spkiDer,
    der.explicit(
      3,
      der.sequence(
        authorityKeyUsageExtension(),
        authorityConstraintsExtension(),
        subjectKeyIdentifierExtension(subject.keyIdentifier),
        authorityKeyIdentifierExtension(signer.keyIdentifier),
      ),
    ),
  );
  const read = parseCertificateDer(signCertificate(tbsCertificate, signer.key, scheme));
  if (!read.ok) throw new TypeError(`a certificate that was just made ${read.problems.join(', ')}`);
  return read.value;
}

/** Of a new key: any bytes that are its own. Of one that has a certificate they are copied (products 1.1). */
export function keyIdentifierOf(spkiDer: Buffer): Buffer {
  return Buffer.from(hash('sha256', spkiDer, 'hex').slice(0, 40), 'hex');
}

/** What a certificate that was signed by this one names it by; of one without an identifier its key stands for it. */
export function identifierOf({ subjectKeyIdentifier, spkiDer }: Certificate): Buffer {
  return subjectKeyIdentifier === undefined ? keyIdentifierOf(spkiDer) : Buffer.from(subjectKeyIdentifier, 'hex');
}

export function spkiOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / secondMs) * secondMs;
}
