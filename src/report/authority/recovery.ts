import type { Layout } from '../../layout/layout.ts';
import { rfc3339 } from '../../time/rfc3339.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { apiVersion, type DocumentHeader } from '../document.ts';

/** What `ca recover` did, or would do. Null where it does not apply. */
export interface RecoveryReport extends DocumentHeader<'RecoveryReport'> {
  readonly at: string;
  readonly root: string;
  readonly layout: string;
  readonly nodeName: string;
  readonly unit: string;
  readonly decision:
    'recovered' | 'would-recover' | 'nothing-to-do' | 'undone' | 'statement-written' | 'would-write-statement';
  readonly datastore: {
    readonly kind: 'etcd' | 'sqlite' | 'external';
    /** Of the datastore; a hash of the token's password, by which it cannot be guessed. */
    readonly key: string;
  } | null;
  readonly authorities: readonly {
    readonly id: string;
    /** That the product writes when it starts. */
    readonly path: string;
    readonly certificates: readonly {
      readonly subject: string;
      readonly fingerprintOld: string;
      readonly fingerprintNew: string;
      readonly notAfterOld: string;
      readonly notAfter: string;
    }[];
    /** Subjects of certificates in the file that have ended and stay. */
    readonly left: readonly string[];
  }[];
  /** All that changes below the product's data directory. */
  readonly writes: readonly {
    readonly path: string;
    readonly what: string;
    readonly offset: number | null;
    readonly length: number;
  }[];
  /** Where the datastore as it was is kept. */
  readonly original: string | null;
  /** The file with the statement, 0600. */
  readonly statement: string | null;
  /** The hash in a full token from then on; null when it stays as it is. */
  readonly tokenCaHash: string | null;
  readonly notes: readonly string[];
  /** What a person does next, in this order. */
  readonly next: readonly string[];
}

export interface RecoverySource {
  readonly layout: Layout;
  readonly root: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly decision: RecoveryReport['decision'];
  readonly datastore?: RecoveryReport['datastore'];
  readonly authorities?: readonly {
    readonly id: string;
    readonly path: string;
    readonly renewed: readonly { readonly before: Certificate; readonly after: Certificate }[];
    readonly left: readonly Certificate[];
  }[];
  readonly writes?: readonly {
    readonly path: string;
    readonly what: string;
    readonly offset: number | undefined;
    readonly length: number;
  }[];
  readonly original?: string;
  readonly statement?: { readonly file: string; readonly look: string; readonly apply: string };
  readonly pinnedHash?: string | undefined;
  readonly inTheWay?: readonly string[];
  readonly warning?: string | undefined;
  /** A recovery was made, and the product has not been started since. */
  readonly isWaiting?: boolean;
}

export function recoveryReport(source: RecoverySource): RecoveryReport {
  const { layout, root, at, decision, authorities = [], writes = [], original, statement, pinnedHash } = source;
  return {
    apiVersion,
    kind: 'RecoveryReport',
    at: rfc3339(at),
    root,
    layout: layout.name,
    nodeName: layout.nodeName,
    unit: layout.unit,
    decision,
    datastore: source.datastore ?? null,
    authorities: authorities.map(({ id, path, renewed, left }) => ({
      id,
      path,
      certificates: renewed.map(({ before, after }) => ({
        subject: before.commonName,
        fingerprintOld: before.fingerprint256,
        fingerprintNew: after.fingerprint256,
        notAfterOld: rfc3339(before.notAfter),
        notAfter: rfc3339(after.notAfter),
      })),
      left: left.map(({ commonName }) => commonName),
    })),
    writes: writes.map(({ offset, ...write }) => ({ ...write, offset: offset ?? null })),
    original: original ?? null,
    statement: statement?.file ?? null,
    // What is only tried is not what will be signed.
    tokenCaHash: isTried(decision) ? null : (pinnedHash ?? null),
    notes: notesOf(source),
    next: nextOf(source),
  };
}

function notesOf(source: RecoverySource): readonly string[] {
  const { decision, authorities = [], inTheWay = [], pinnedHash, warning, isWaiting } = source;
  return [
    ...(decision === 'nothing-to-do' ? ['no authority in the datastore has ended: there is nothing to recover'] : []),
    ...authorities
      .filter(({ left }) => left.length > 0)
      .map(
        ({ id, left }) =>
          `${id}: ${left.map(({ commonName }) => commonName).join(', ')} stays expired, for the key that signed it is not here; what is issued from now on does not need it`,
      ),
    ...inTheWay.map((path) => `${path} is newer than the datastore and differs from it: the product would stop at it`),
    ...(isTried(decision) && pinnedHash !== undefined
      ? [
          'the CA hash in a full token (K10…) will be another; agents and servers that have one in their settings need the new one',
        ]
      : []),
    ...(isWaiting === true
      ? ['the renewed authorities are in the datastore already, and the product has not been started since']
      : []),
    ...(warning === undefined ? [] : [warning]),
  ];
}

/** Signatures and dates are made anew when it is done. */
function isTried(decision: RecoveryReport['decision']): boolean {
  return decision === 'would-recover' || decision === 'would-write-statement';
}

function nextOf(source: RecoverySource): readonly string[] {
  const { layout, decision, inTheWay = [], pinnedHash, statement, original } = source;
  const { unit, kubectl } = layout;
  const agents =
    pinnedHash === undefined
      ? []
      : [
          `agents and other servers that have the full token (K10…) in their settings: put the new one there, which is in ${layout.dataDir}/server/token of this server after its start; a bare password stays good; then restart them`,
          'copies of the kubeconfig elsewhere, and pods that do not read kube-root-ca.crt again: give them the new one, restart them',
        ];
  const start = [
    ...inTheWay.map((path) => `move it away, the product restores it from the datastore: mv ${path} ${path}.moved`),
    `systemctl start ${unit}`,
    'at that start the boot hook still finds the expired authorities on the disk, changes nothing and lets the service start (it waits for the time service first, half a minute at most); then the product takes the new ones from its datastore, writes them to the disk, and renews its own certificates',
    `when it is up: ${kubectl} get nodes; certmend ca status; certmend check`,
  ];
  switch (decision) {
    case 'recovered':
      return [
        ...start,
        ...agents,
        `to take it back before that start: certmend ca recover --undo; when the cluster works, remove the original, it holds all secrets of the cluster: rm -r '${(original ?? '').replace(/\/original$/, '')}'`,
      ];
    case 'statement-written':
    case 'would-write-statement':
      return [
        'stop the product on all servers of the cluster, and make a backup of the database',
        `look first: ${statement?.look ?? ''}`,
        `then once: ${statement?.apply ?? ''}`,
        ...start,
        ...agents,
        `remove the file, it is a secret: rm '${statement?.file ?? ''}'`,
      ];
    case 'nothing-to-do':
      return source.isWaiting === true ? start : [];
    case 'would-recover':
    case 'undone':
      return [];
  }
}
