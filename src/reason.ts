/**
 * Every reason certmend can give for what it found, did, or could not do, one row for each: what it is about, of what
 * kind it is, the worst that a finding with it can be, who answers it, and what else the program asks of it. The codes are stable: they
 * stand in the audit log, in the state file, in JSON documents and in docs/reasons.md. A code is never renamed; a new one
 * is added at the end of its group, with every column, and gets its paragraph in docs/reasons.md (a test compares them).
 */

/** What a reason is about. */
type About =
  | 'leaf'
  | 'authority'
  | 'bootstrap'
  | 'listener'
  | 'kubeconfig'
  | 'clock'
  | 'standby'
  | 'brake'
  | 'storage'
  | 'node'
  | 'certmend';

/**
 * `over`, `ending`: an end of life; `early`: not valid yet; `damage`: it cannot serve as it is; `drift`: it works, and is not what
 * it should be; `stale`: what runs has not read it; `missing`; `access`: who may read or write it; `limit`: in the way of a good set later, of nothing today;
 * `pending`: the product does it at its start; `state`: how things are; `error`: a command was stopped.
 */
type Nature =
  | 'over'
  | 'ending'
  | 'early'
  | 'damage'
  | 'drift'
  | 'stale'
  | 'missing'
  | 'access'
  | 'limit'
  | 'pending'
  | 'state'
  | 'error';

/** The worst that a finding can be; `error`: it only ever stops a command. */
type Worst = 'note' | 'warning' | 'critical' | 'error';

/** Who answers it; `nobody`: it passes by itself. */
type By = 'certmend' | 'person' | 'product' | 'nobody';

/** Which is the cause when several meet, the lower first: a wrong clock, then an authority, then an order, then the rest. */
type Cause = 0 | 1 | 2 | 3;

/**
 * What a start of the product does about it (products 2.1, 2.4, 3.3): `keeps` it as it is, `judges` it beside the authority's
 * certificate, `restores` it from its datastore, `remakes` it, or has nothing to do with it.
 */
type AtStart = 'keeps' | 'judges' | 'restores' | 'remakes' | 'nothing';

/** Whether the names in the certificate are those of the entry where it lies. */
type Names = 'own' | 'foreign';

export interface Reason {
  readonly about: About;
  readonly nature: Nature;
  readonly worst: Worst;
  readonly by: By;
  readonly cause: Cause;
  readonly atStart: AtStart;
  readonly names: Names;
}

function row(about: About, nature: Nature, worst: Worst, by: By, cause: Cause, atStart: AtStart, names: Names): Reason {
  return { about, nature, worst, by, cause, atStart, names };
}

const table = {
  // leaves
  LeafExpired: row('leaf', 'over', 'critical', 'certmend', 3, 'remakes', 'own'),
  LeafRenewDue: row('leaf', 'ending', 'critical', 'certmend', 3, 'remakes', 'own'),
  LeafNotYetValid: row('leaf', 'early', 'critical', 'certmend', 3, 'keeps', 'own'),
  LeafUnreadable: row('leaf', 'damage', 'critical', 'certmend', 3, 'keeps', 'own'),
  LeafMissing: row('leaf', 'missing', 'critical', 'certmend', 3, 'remakes', 'own'),
  KeyMissing: row('leaf', 'damage', 'critical', 'certmend', 3, 'remakes', 'own'),
  KeyUnreadable: row('leaf', 'damage', 'critical', 'certmend', 3, 'keeps', 'own'),
  KeyMismatch: row('leaf', 'damage', 'critical', 'certmend', 3, 'keeps', 'foreign'),
  IssuerMismatch: row('leaf', 'damage', 'critical', 'certmend', 3, 'judges', 'foreign'),
  SignatureInvalid: row('leaf', 'damage', 'critical', 'certmend', 3, 'judges', 'foreign'),
  IdentityDrift: row('leaf', 'drift', 'warning', 'certmend', 3, 'remakes', 'foreign'),
  SanMissing: row('leaf', 'drift', 'warning', 'certmend', 3, 'remakes', 'own'),
  UsageMismatch: row('leaf', 'damage', 'critical', 'certmend', 3, 'keeps', 'foreign'),
  ChainIncomplete: row('leaf', 'drift', 'warning', 'certmend', 3, 'nothing', 'own'),
  WeakPermissions: row('leaf', 'access', 'warning', 'certmend', 3, 'nothing', 'own'),
  SanUnusable: row('leaf', 'limit', 'warning', 'person', 3, 'nothing', 'own'),
  ServedStale: row('leaf', 'stale', 'note', 'person', 3, 'nothing', 'own'),
  ServedExpiring: row('leaf', 'stale', 'critical', 'person', 3, 'nothing', 'own'),
  MountInTheWay: row('leaf', 'limit', 'warning', 'person', 3, 'nothing', 'own'),
  // authorities and other files of the bootstrap set
  AuthorityExpired: row('authority', 'over', 'critical', 'person', 1, 'nothing', 'own'),
  AuthorityExpiring: row('authority', 'ending', 'critical', 'person', 1, 'nothing', 'own'),
  AuthorityUnreadable: row('authority', 'damage', 'critical', 'person', 1, 'restores', 'own'),
  AuthorityMissing: row('authority', 'missing', 'critical', 'person', 1, 'restores', 'own'),
  AuthorityKeyMissing: row('authority', 'limit', 'critical', 'person', 1, 'restores', 'own'),
  AuthorityKeyMismatch: row('authority', 'damage', 'critical', 'person', 1, 'restores', 'own'),
  AuthorityNotYetValid: row('authority', 'early', 'critical', 'person', 1, 'nothing', 'own'),
  ProtectedFileDamaged: row('bootstrap', 'damage', 'critical', 'person', 1, 'restores', 'own'),
  CertificatesLost: row('authority', 'missing', 'critical', 'person', 1, 'nothing', 'own'),
  AuthorityUpperExpired: row('authority', 'limit', 'warning', 'person', 1, 'nothing', 'own'),
  AuthorityKeyUnsupported: row('authority', 'limit', 'warning', 'person', 1, 'nothing', 'own'),
  // listener
  ListenerExpired: row('listener', 'over', 'critical', 'certmend', 3, 'remakes', 'own'),
  ListenerCorrupt: row('listener', 'damage', 'critical', 'certmend', 3, 'keeps', 'own'),
  ListenerIssuerMismatch: row('listener', 'damage', 'critical', 'certmend', 3, 'keeps', 'own'),
  ListenerRegenerationPending: row('listener', 'pending', 'note', 'product', 3, 'remakes', 'own'),
  ListenerOutdated: row('listener', 'drift', 'note', 'person', 3, 'keeps', 'own'),
  ListenerStale: row('listener', 'drift', 'critical', 'person', 3, 'keeps', 'own'),
  // kubeconfigs
  KubeconfigMissing: row('kubeconfig', 'missing', 'critical', 'certmend', 3, 'nothing', 'own'),
  KubeconfigCorrupt: row('kubeconfig', 'damage', 'critical', 'certmend', 3, 'keeps', 'own'),
  KubeconfigStale: row('kubeconfig', 'drift', 'critical', 'certmend', 3, 'remakes', 'own'),
  // clock
  ClockBehind: row('clock', 'state', 'warning', 'person', 0, 'nothing', 'own'),
  ClockAheadSuspect: row('clock', 'state', 'warning', 'person', 0, 'nothing', 'own'),
  // standby
  StandbyMissing: row('standby', 'missing', 'warning', 'certmend', 3, 'nothing', 'own'),
  StandbyStale: row('standby', 'drift', 'warning', 'certmend', 3, 'nothing', 'own'),
  StandbyInvalid: row('standby', 'damage', 'warning', 'certmend', 3, 'nothing', 'own'),
  // brakes, storage, lock, transaction
  BrakeEngaged: row('brake', 'state', 'critical', 'nobody', 3, 'nothing', 'own'),
  StorageFull: row('storage', 'error', 'error', 'person', 3, 'nothing', 'own'),
  StorageReadOnly: row('storage', 'error', 'error', 'person', 3, 'nothing', 'own'),
  LockHeld: row('certmend', 'error', 'error', 'nobody', 3, 'nothing', 'own'),
  TransactionRecovered: row('certmend', 'state', 'note', 'certmend', 3, 'nothing', 'own'),
  StateRebuilt: row('certmend', 'state', 'warning', 'certmend', 3, 'nothing', 'own'),
  StateNewer: row('certmend', 'error', 'error', 'person', 3, 'nothing', 'own'),
  ExternalChange: row('node', 'state', 'warning', 'nobody', 3, 'nothing', 'own'),
  VerificationFailed: row('certmend', 'error', 'error', 'person', 3, 'nothing', 'own'),
  BrakeNear: row('brake', 'state', 'warning', 'nobody', 3, 'nothing', 'own'),
  AttemptsPaused: row('brake', 'state', 'warning', 'nobody', 3, 'nothing', 'own'),
  StateUnread: row('certmend', 'error', 'critical', 'person', 3, 'nothing', 'own'),
  BackupFailed: row('certmend', 'state', 'warning', 'person', 3, 'nothing', 'own'),
  // what the layout does not know, what the product does by itself, what a person asked for
  UnknownCertificate: row('node', 'state', 'warning', 'person', 3, 'nothing', 'own'),
  ReissuedAtStart: row('leaf', 'pending', 'note', 'product', 3, 'remakes', 'own'),
  OperatorRequest: row('certmend', 'state', 'note', 'certmend', 3, 'nothing', 'own'),
  RestartDue: row('node', 'state', 'critical', 'person', 2, 'nothing', 'own'),
  ConfigurationUnreadable: row('node', 'error', 'critical', 'person', 1, 'nothing', 'own'),
  // what is in the way of telling the cluster: no matter of the node's health
  ClusterUnreachable: row('certmend', 'state', 'note', 'nobody', 3, 'nothing', 'own'),
  ClusterRefused: row('certmend', 'state', 'note', 'person', 3, 'nothing', 'own'),
  // what stops a command and is no finding about the node
  Usage: row('certmend', 'error', 'error', 'person', 3, 'nothing', 'own'),
  ConfigInvalid: row('certmend', 'error', 'error', 'person', 3, 'nothing', 'own'),
  LayoutUnknown: row('node', 'error', 'error', 'person', 3, 'nothing', 'own'),
  NodeNotFound: row('node', 'error', 'error', 'person', 3, 'nothing', 'own'),
  GenerationUnknown: row('certmend', 'error', 'error', 'person', 3, 'nothing', 'own'),
  GenerationDamaged: row('certmend', 'error', 'error', 'person', 3, 'nothing', 'own'),
  AuthorityUnusable: row('authority', 'error', 'error', 'person', 3, 'nothing', 'own'),
  StorageDenied: row('storage', 'error', 'error', 'person', 3, 'nothing', 'own'),
  StorageFailed: row('storage', 'error', 'error', 'person', 3, 'nothing', 'own'),
  ProtectedPath: row('bootstrap', 'error', 'error', 'person', 3, 'nothing', 'own'),
  ServiceRunning: row('node', 'error', 'error', 'person', 3, 'nothing', 'own'),
  ServiceStopped: row('node', 'error', 'error', 'person', 3, 'nothing', 'own'),
  RenewalUnfit: row('node', 'error', 'error', 'person', 3, 'nothing', 'own'),
  RenewalRolledBack: row('node', 'error', 'error', 'person', 3, 'nothing', 'own'),
  ServerUnavailable: row('node', 'error', 'error', 'nobody', 3, 'nothing', 'own'),
  ServerRefused: row('node', 'error', 'error', 'person', 3, 'nothing', 'own'),
  RotationUnfit: row('authority', 'error', 'error', 'person', 3, 'nothing', 'own'),
  RotationRefused: row('authority', 'error', 'error', 'person', 3, 'nothing', 'own'),
  RotationOpen: row('authority', 'state', 'warning', 'person', 3, 'nothing', 'own'),
  ProgramUnreadable: row('certmend', 'error', 'error', 'person', 3, 'nothing', 'own'),
  RecoveryRefused: row('authority', 'error', 'error', 'person', 3, 'nothing', 'own'),
  BackupUnreadable: row('certmend', 'error', 'error', 'person', 3, 'nothing', 'own'),
  BackupUnfit: row('certmend', 'error', 'error', 'person', 3, 'nothing', 'own'),
  RestoreInterrupted: row('bootstrap', 'error', 'error', 'person', 3, 'nothing', 'own'),
  DeadlinePassed: row('certmend', 'error', 'error', 'nobody', 3, 'nothing', 'own'),
};

export type ReasonCode = keyof typeof table;

/** A reason as it is given: by a plan, an outcome, a refusal, in every document. */
export interface SaidReason<Id extends string | null | undefined = string | undefined> {
  readonly code: ReasonCode;
  /** Of the entry that it is about; undefined (in JSON null) when it is about the node. */
  readonly id: Id;
  /** A clause for a person. */
  readonly message: string;
}

export const reasons: Readonly<Record<ReasonCode, Reason>> = table;

export const reasonCodes = Object.keys(table) as readonly ReasonCode[];
