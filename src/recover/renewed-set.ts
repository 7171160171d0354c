import { structureOf } from '../assess/authority/authority-shape.ts';
import { tokenHash } from '../assess/authority/token-hash.ts';
import type { BootstrapSet, StoredFile } from '../bootstrap/bootstrap-set.ts';
import { authorityFields, authorityIdOf, fieldPaths, type AuthorityField } from '../bootstrap/field-paths.ts';
import type { FileReader } from '../disk/file-reader.ts';
import { renewBundle } from '../issue/authority/redate-bundle.ts';
import type { Ports } from '../survey/ports.ts';
import { rfc3339 } from '../time/rfc3339.ts';
import { dayMs, secondMs } from '../time/units.ts';
import { parseCertificates, type Certificate } from '../x509/certificate.ts';
import { parsePrivateKeys } from '../x509/private-key.ts';
import { refused } from './refusal.ts';

/** What becomes of one authority. */
export interface RenewedAuthority {
  readonly id: string;
  /** Node path of the file that the product will write. */
  readonly path: string;
  readonly renewed: readonly { readonly before: Certificate; readonly after: Certificate }[];
  /** Of the file's certificates, those that have ended and stay as they are. */
  readonly left: readonly Certificate[];
}

export interface RenewedSet {
  readonly set: BootstrapSet;
  readonly authorities: readonly RenewedAuthority[];
  /** What a token pins from then on; undefined when it stays as it is. */
  readonly pinnedHash: string | undefined;
  /** Files that the product would call newer than the datastore and stop at (products 3.3). */
  readonly inTheWay: readonly string[];
}

export interface RenewalContext {
  readonly reader: FileReader;
  readonly dataDir: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** With so few days left an authority is renewed along with those that have ended. */
  readonly criticalDays: number;
}

export function contextOf(
  { reader, config }: Pick<Ports, 'reader' | 'config'>,
  dataDir: string,
  now: number,
): RenewalContext {
  return { reader, dataDir, now, criticalDays: config.authority.criticalDays };
}

/**
 * The set with new dates for every authority that has ended, and for those that are about to; all else stays byte for byte.
 *
 * @returns undefined when none has ended: then there is nothing to recover
 * @throws CertmendError RecoveryRefused for an authority that has ended and cannot be renewed
 */
export function renewSet(set: BootstrapSet, context: RenewalContext): RenewedSet | undefined {
  const { now, criticalDays } = context;
  const found = authorityFields.flatMap((field) => authorityIn(set, field, now) ?? []);
  if (found.every(({ end }) => end > now)) return undefined;
  const endsBy = now + criticalDays * dayMs;
  const done = found.filter(({ end }) => end <= endsBy).map((authority) => renewOne(authority, set, endsBy, context));
  const contents = new Map(done.map(({ field, file }) => [field as string, file]));
  const renewed = set.map((file) => contents.get(file.field) ?? file);
  const serverCa = done.find(({ field }) => field === 'ServerCA');
  return {
    set: renewed,
    authorities: done.map(({ authority }) => authority),
    pinnedHash: serverCa && tokenHash(serverCa.file.content, serverCa.certificates, now).hash,
    inTheWay: filesInTheWay(renewed, context),
  };
}

interface StoredAuthority {
  readonly field: AuthorityField;
  readonly file: StoredFile;
  readonly certificates: readonly Certificate[];
  /** Until when what it signs is good, milliseconds since the epoch. */
  readonly end: number;
}

function authorityIn(set: BootstrapSet, field: AuthorityField, now: number): StoredAuthority | undefined {
  const file = set.find((other) => other.field === field);
  // K3s without embedded etcd has none of etcd's.
  if (file === undefined || file.content.length === 0) return undefined;
  const certificates = parseCertificates(file.content);
  if (!certificates.ok)
    throw refused(`the ${authorityIdOf[field]} in the datastore ${certificates.problems[0] ?? 'cannot be read'}`);

  const structure = structureOf(certificates.value, now);
  if (structure === undefined) throw refused(`the ${authorityIdOf[field]} in the datastore holds no certificate`);
  return { field, file, certificates: certificates.value, end: structure.effectiveEnd };
}

function renewOne(
  { field, certificates }: StoredAuthority,
  set: BootstrapSet,
  endsBy: number,
  context: RenewalContext,
): {
  readonly field: AuthorityField;
  readonly file: StoredFile;
  readonly certificates: readonly Certificate[];
  readonly authority: RenewedAuthority;
} {
  const id = authorityIdOf[field];
  const keyFile = set.find((other) => other.field === `${field}Key`);
  const keys = keyFile === undefined ? undefined : parsePrivateKeys(keyFile.content);
  if (keys?.ok !== true) {
    throw refused(
      `${id} has ended and the datastore has no readable key of it, so it cannot be renewed`,
      'look for a backup of the key, on every server; without it the cluster has to be rebuilt (docs/authorities.md)',
    );
  }
  const bundle = renewBundle({ certificates, keys: keys.value, now: context.now, endsBy });
  if (!bundle.ok) {
    throw refused(
      `the file of ${id} in the datastore ${bundle.problem}, so it cannot be renewed`,
      'have the one above it sign a new certificate for the same key and subject, then use the clock: docs/authorities.md, "the authority above is elsewhere"',
    );
  }
  const path = pathOf(context.dataDir, field);
  return {
    field,
    file: { field, timestamp: freshTime(path, context), content: bundle.pem },
    certificates: bundle.certificates,
    authority: {
      id,
      path,
      renewed: bundle.renewed,
      left: bundle.certificates.filter(({ notAfter }) => notAfter <= context.now),
    },
  };
}

/** The datastore wins over a file that is not newer than it (products 3.3); a clock that ran ahead may have left one. */
function freshTime(path: string, { reader, now }: RenewalContext): string {
  const there = reader.stat(path);
  const latest = Math.max(now, there.state === 'present' ? there.mtimeMs : 0);
  return rfc3339(Math.ceil(latest / secondMs) * secondMs);
}

/** Three seconds or more newer than what is stored, with other bytes: the product stops there. */
const productToleranceMs = 3 * secondMs;

function filesInTheWay(set: BootstrapSet, { reader, dataDir }: RenewalContext): readonly string[] {
  return set.flatMap(({ field, timestamp, content }) => {
    const path = pathOf(dataDir, field);
    const file = reader.read(path);
    if (file.state !== 'regular' || file.bytes.equals(content)) return [];
    return file.mtimeMs - Date.parse(timestamp) >= productToleranceMs ? [path] : [];
  });
}

function pathOf(dataDir: string, field: string): string {
  return `${dataDir}/server/${fieldPaths[field] ?? field}`;
}
