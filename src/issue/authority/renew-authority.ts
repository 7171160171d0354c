import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { RotationWay, SigningPair } from '../../plan/authority-rotation.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { encodePem } from '../../x509/pem.ts';
import { dayMs, hourMs } from '../../time/units.ts';
import { subjectName } from '../identity.ts';
import { encodeKey } from '../serial-and-key.ts';
import {
  type AuthoritySigner,
  type CertifiedAuthority,
  type Dates,
  identifierOf,
  keyIdentifierOf,
  signAuthority,
  spkiOf,
} from './sign-authority.ts';

/** The files of one authority, new. The keys never leave this value but for the files of the product and certmend's own copy. */
export interface NewAuthority {
  readonly id: string;
  readonly way: RotationWay;
  /** The signer first, then the cross-signed root and the root, then what the old file had and has not ended. */
  readonly certificates: readonly Certificate[];
  readonly certificatePem: Buffer;
  /** The signer's first; the root's behind it where certmend may go on using it. */
  readonly keyPem: Buffer;
  /** The last instant at which whoever knows the old file alone accepts what the new one signs; milliseconds since the epoch. */
  readonly crossSignedUntil: number | undefined;
}

/** The product's own lengths for a root and for an authority (products 1.1, 4.4). */
const rootDays = 7300;
const signerDays = 3650;

/** As the product allows for clocks that differ between nodes (products 1.1). */
const backdateMs = hourMs;

/** So many certificates of the old file go on in the new one at most, the youngest: a file shall not grow with each rotation. */
const mostKept = 8;

/**
 * Makes a new authority in the place of an old one (products 4.4). Nothing is written.
 * @param request.old certificates of the old file, the signer first
 * @param request.now milliseconds since the epoch
 */
export function renewAuthority(request: {
  readonly id: string;
  readonly product: string;
  readonly old: readonly Certificate[];
  readonly way: RotationWay;
  readonly now: number;
}): NewAuthority {
  const { id, product, old, way, now } = request;
  const upper = upperOf(id, product, way, now);
  const signerKey = newKey();
  const signer = signAuthority(
    subjectOf(nameOf(id, 'ca', product, now), signerKey),
    signerOf(upper.pair),
    datesUnder(upper.pair.certificate, now, signerDays),
  );
  const certificates = distinct([signer, ...upper.above, ...keptOf(old, now, upper.pair.certificate)]);
  return {
    id,
    way,
    certificates,
    certificatePem: Buffer.concat(certificates.map(({ der }) => encodePem('CERTIFICATE', der))),
    keyPem: Buffer.concat([signerKey, ...(way.kind === 'given' ? [] : [upper.pair.key])].map(encodeKey)),
    crossSignedUntil: upper.crossSigned?.notAfter,
  };
}

interface Upper {
  readonly pair: SigningPair;
  /**
   * What follows the signer in the file. The cross-signed one first: Go tries every way, OpenSSL takes the first certificate of a
   * name that it is sent, and a client that knows the old root alone would end at the new one.
   */
  readonly above: readonly Certificate[];
  readonly crossSigned: Certificate | undefined;
}

function upperOf(id: string, product: string, way: RotationWay, now: number): Upper {
  switch (way.kind) {
    case 'intermediate':
      // It stands in the old file, in its place.
      return { pair: way.root, above: [], crossSigned: undefined };
    case 'new-root': {
      const key = newKey();
      const subject = subjectOf(nameOf(id, 'root', product, now), key);
      const dates = { notBefore: now - backdateMs, notAfter: now + rootDays * dayMs };
      const certificate = signAuthority(subject, { ...subject, key }, dates);
      const crossSigned = crossSign(subject, way.by, dates);
      return { pair: { certificate, key }, above: [crossSigned, certificate], crossSigned };
    }
    case 'given': {
      const { pair, above, root, by } = way;
      // The root, whose key nobody needs for it: the token goes by the root, and has to go by this one from now on.
      const crossSigned = by === undefined ? undefined : crossSign(certified(root), by, root);
      const whole = [pair.certificate, ...above].filter((certificate) => certificate !== root);
      return { pair, above: [...whole, ...(crossSigned === undefined ? [] : [crossSigned]), root], crossSigned };
    }
  }
}

/** The same name, key and identifier, signed by another: not longer than that one lasts. */
function crossSign(subject: CertifiedAuthority, by: SigningPair, dates: Dates): Certificate {
  const { notBefore, notAfter } = by.certificate;
  return signAuthority(subject, signerOf(by), {
    notBefore: Math.max(dates.notBefore, notBefore),
    notAfter: Math.min(dates.notAfter, notAfter),
  });
}

function datesUnder({ notBefore, notAfter }: Certificate, now: number, days: number): Dates {
  return { notBefore: Math.max(now - backdateMs, notBefore), notAfter: Math.min(now + days * dayMs, notAfter) };
}

/** Name and identifier are the certificate's own bytes: chains are built by comparing them (products 1.1). */
function signerOf({ certificate, key }: SigningPair): AuthoritySigner {
  return { subjectDer: certificate.subjectDer, keyIdentifier: identifierOf(certificate), key };
}

function certified(certificate: Certificate): CertifiedAuthority {
  const { subjectDer, spkiDer } = certificate;
  return { subjectDer, spkiDer, keyIdentifier: identifierOf(certificate) };
}

function subjectOf(commonName: string, key: KeyObject): CertifiedAuthority {
  const spkiDer = spkiOf(key);
  return {
    subjectDer: subjectName({ commonName, organizations: [] }),
    spkiDer,
    keyIdentifier: keyIdentifierOf(spkiDer),
  };
}

/** `rke2-etcd-server-root@1764300000`, as the product's own script names them (products 4.4). */
function nameOf(id: string, what: 'ca' | 'root', product: string, now: number): string {
  return `${product}-${id.replace('/', '-').replace(/-ca$/, '')}-${what}@${String(Math.floor(now / 1000))}`;
}

function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

/**
 * What goes on being trusted: all of the old file that has not ended, its signer last. Peers take every certificate of the
 * file for an anchor, and not everything that the old signer signed carries that one's chain (certificates that the cluster
 * signs for a request do not).
 */
function keptOf([signer, ...others]: readonly Certificate[], now: number, root: Certificate): readonly Certificate[] {
  const lasting = [...others, ...(signer === undefined ? [] : [signer])].filter(({ notAfter }) => notAfter > now);
  const youngest = new Set(lasting.toSorted((left, right) => right.notBefore - left.notBefore).slice(0, mostKept));
  return lasting.filter((one) => one === signer || one === root || youngest.has(one));
}

function distinct(certificates: readonly Certificate[]): readonly Certificate[] {
  return [...new Map(certificates.map((certificate) => [certificate.fingerprint256, certificate])).values()];
}
