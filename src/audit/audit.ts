import type { ReasonCode } from '../reason.ts';

/** syslog severities as systemd-journald reads them from a `<N>` prefix (sd-daemon(3)). */
export type Priority = 'critical' | 'error' | 'warning' | 'notice' | 'info' | 'debug';

/** Stable names of what is audited: one record per decision and per change. */
export type AuditEvent =
  | 'checked'
  | 'decided'
  | 'issued'
  | 'verified'
  | 'committed'
  | 'recovered'
  | 'quarantined'
  | 'listener-regeneration-requested'
  | 'kubeconfig-written'
  | 'standby-prepared'
  | 'standby-retired'
  | 'rolled-back'
  | 'backed-up'
  | 'restored'
  | 'confirmed'
  | 'unconfirmed'
  | 'start-healed'
  | 'external-change-adopted'
  | 'state-rebuilt'
  | 'authorities-sent'
  | 'authorities-rotated'
  | 'refused'
  | 'deferred'
  | 'failed'
  | 'pruned'
  | 'health-changed'
  | 'configuration-loaded'
  | 'configuration-refused'
  | 'notification-failed'
  | 'cluster-told'
  | 'cluster-not-told'
  | 'recovery-prepared'
  | 'authorities-recovered'
  | 'recovery-undone';

/** One audit record. Named fields only: no object, no error, no key material ever goes in. */
export interface AuditRecord {
  readonly event: AuditEvent;
  readonly priority: Priority;
  /** A whole sentence for a person. */
  readonly message: string;
  readonly reason?: ReasonCode | undefined;
  /** Entry id. */
  readonly entry?: string | undefined;
  readonly path?: string | undefined;
  readonly generation?: number | undefined;
  readonly fingerprintOld?: string | undefined;
  readonly fingerprintNew?: string | undefined;
  /** The certificates that it is about when it is about several: one sentence for a person, the details as fields. */
  readonly changes?: readonly CertificateChange[] | undefined;
  /** What to do next, when a person has to. */
  readonly hint?: string | undefined;
  /** The command says it on standard error in its own words: only the journal and the file get the record. */
  readonly isOnConsole?: true | undefined;
}

export interface CertificateChange {
  /** Entry id. */
  readonly entry: string;
  readonly path: string;
  readonly fingerprintOld?: string | undefined;
  readonly fingerprintNew?: string | undefined;
}

/** The port every part that decides or changes something writes to. Never throws: a full disk must not stop a rotation. */
export interface Audit {
  record(record: AuditRecord): void;
  /**
   * Resolves when the logger is loaded: from then on a record is out before `record` returns, and a process that is
   * killed right after a commit has said so. Records made before are kept until then, or until `flush`.
   */
  ready(): Promise<void>;
  /** Resolves when everything recorded so far has been handed to the console and the file. */
  flush(): Promise<void>;
}
