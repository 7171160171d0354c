/**
 * Every reason certmend can give for what it found or did. The codes are stable: they stand in the audit log, in the
 * state file, in JSON documents and in docs/reasons.md. A code is never renamed; a new one is added at the end of its
 * group and gets its paragraph in docs/reasons.md (a test compares the two lists).
 */
export const reasonCodes = [
  // leaves
  'LeafExpired',
  'LeafRenewDue',
  'LeafNotYetValid',
  'LeafUnreadable',
  'LeafMissing',
  'KeyMissing',
  'KeyUnreadable',
  'KeyMismatch',
  'IssuerMismatch',
  'SignatureInvalid',
  'IdentityDrift',
  'SanMissing',
  'UsageMismatch',
  'ChainIncomplete',
  'WeakPermissions',
  'SanUnusable',
  // authorities and other files of the bootstrap set
  'AuthorityExpired',
  'AuthorityExpiring',
  'AuthorityUnreadable',
  'AuthorityMissing',
  'AuthorityKeyMissing',
  'AuthorityKeyMismatch',
  'AuthorityNotYetValid',
  'ProtectedFileDamaged',
  'CertificatesLost',
  'AuthorityUpperExpired',
  'AuthorityKeyUnsupported',
  // listener
  'ListenerExpired',
  'ListenerCorrupt',
  'ListenerIssuerMismatch',
  'ListenerRegenerationPending',
  'ListenerOutdated',
  // kubeconfigs
  'KubeconfigMissing',
  'KubeconfigCorrupt',
  'KubeconfigStale',
  // clock
  'ClockBehind',
  'ClockAheadSuspect',
  // standby
  'StandbyMissing',
  'StandbyStale',
  'StandbyInvalid',
  // brakes, storage, lock, transaction
  'BrakeEngaged',
  'StorageFull',
  'StorageReadOnly',
  'LockHeld',
  'TransactionRecovered',
  'StateRebuilt',
  'StateNewer',
  'ExternalChange',
  'VerificationFailed',
  'BrakeNear',
  'AttemptsPaused',
  'StateUnread',
  // what the layout does not know, what the product does by itself, what a person asked for
  'UnknownCertificate',
  'ReissuedAtStart',
  'OperatorRequest',
  'RestartDue',
  'ConfigurationUnreadable',
] as const;

export type ReasonCode = (typeof reasonCodes)[number];
