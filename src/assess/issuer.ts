import type { AuthorityItem, Inventory } from '../inventory/inventory.ts';
import type { PrivateKey } from '../x509/private-key.ts';
import type { Certificate } from '../x509/certificate.ts';
import type { ReasonCode } from '../reason.ts';
import { maySign } from './chain.ts';
import { instant } from '../time/rfc3339.ts';

/** An authority of the layout as a signer of leaves, at an instant. */
export interface Issuer {
  readonly id: string;
  readonly path: string;
  /** Certificates of its file, the signer first; empty when the file cannot be used. */
  readonly certificates: readonly Certificate[];
  /** End of the signer's certificate, ms since the epoch; undefined when there is none. Nothing above it limits it. */
  readonly end: number | undefined;
  /** Why it can sign nothing now; undefined when it can. */
  readonly problem: IssuerProblem | undefined;
}

export interface IssuerProblem {
  readonly code: ReasonCode;
  /** `server-ca expired at 2026-01-01T00:00:00Z` */
  readonly clause: string;
  /** Only the key is at fault: leaves that fit the certificate (a standby made earlier) are as good as ever. */
  readonly onlyKey: boolean;
  /** A file of it is there and could not be read (disk, permission, a link out): that says nothing about its bytes. */
  readonly isUnread?: boolean | undefined;
}

/**
 * The authorities of an inventory by entry id. Never under an expired, not-yet-valid, mismatched, damaged or missing
 * authority (architecture, Answers).
 * @param now milliseconds since the epoch
 */
export function issuersOf(inventory: Inventory, now: number): ReadonlyMap<string, Issuer> {
  const issuers = new Map<string, Issuer>();
  for (const item of inventory.items) if (item.kind === 'authority') issuers.set(item.entry.id, issuerOf(item, now));
  return issuers;
}

/** @param now milliseconds since the epoch */
export function issuerOf(item: AuthorityItem, now: number): Issuer {
  const certificates = item.certificates.ok ? item.certificates.value : [];
  const [signer] = certificates;
  const end = signer?.notAfter;
  const problem = problemOf(item, signer, end, now);
  return {
    id: item.entry.id,
    path: item.entry.certificatePath,
    certificates,
    end,
    problem: problem === undefined ? undefined : { ...problem, isUnread: isUnread(item) },
  };
}

function problemOf(
  item: AuthorityItem,
  signer: Certificate | undefined,
  end: number | undefined,
  now: number,
): IssuerProblem | undefined {
  const { id } = item.entry;
  if (signer === undefined || end === undefined) {
    return item.certificateFile.state === 'absent'
      ? { code: 'AuthorityMissing', clause: `${id} is missing`, onlyKey: false }
      : { code: 'AuthorityUnreadable', clause: `${id} cannot be read`, onlyKey: false };
  }
  if (!maySign(signer)) {
    const clause = `${id} holds a certificate that may not sign others`;
    return { code: 'AuthorityUnreadable', clause, onlyKey: false };
  }
  if (now > end) return { code: 'AuthorityExpired', clause: `${id} expired at ${instant(end)}`, onlyKey: false };
  if (now < signer.notBefore) {
    const clause = `${id} is not valid before ${instant(signer.notBefore)}`;
    return { code: 'AuthorityNotYetValid', clause, onlyKey: false };
  }
  const { key } = item;
  if (key === undefined || (!key.ok && key.missing))
    return { code: 'AuthorityKeyMissing', clause: `the key of ${id} is not on this node`, onlyKey: true };
  if (!key.ok) return { code: 'ProtectedFileDamaged', clause: `the key of ${id} cannot be read`, onlyKey: true };
  if (!key.value.spkiDer.equals(signer.spkiDer)) {
    // Which of the two is the wrong one cannot be told here; a standby is checked against the certificate in verify/.
    return { code: 'AuthorityKeyMismatch', clause: `the key of ${id} does not match its certificate`, onlyKey: true };
  }
  if (!canSign(key.value)) {
    const clause = `the key of ${id} is of a type (${key.value.algorithm}) that certmend cannot sign with`;
    return { code: 'AuthorityKeyUnsupported', clause, onlyKey: true };
  }
  return undefined;
}

function isUnread({ certificateFile, keyFile }: AuthorityItem): boolean {
  // A link to nowhere is a missing file to the product, too.
  return [certificateFile, keyFile].some((file) => file?.state === 'unreadable' && file.problem !== 'dangling-symlink');
}

/** Kinds of keys that leaves are issued with (x509/encode-certificate.ts; a test holds the two together). */
export function canSign({ algorithm }: Pick<PrivateKey, 'algorithm'>): boolean {
  return /^(RSA \d+|EC (P-(256|384|521)|prime256v1|secp384r1|secp521r1))$/.test(algorithm);
}
