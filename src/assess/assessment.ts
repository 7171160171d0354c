import { type ReasonCode, reasons as reasonTable } from '../reason.ts';

/** One thing that is wrong or due, with its evidence. */
export interface Finding {
  readonly code: ReasonCode;
  /** Entry id, or undefined for the node as a whole (clock, standby, brake). */
  readonly id: string | undefined;
  /** The file it is about; undefined when it is about none. */
  readonly path: string | undefined;
  readonly severity: Severity;
  /** One sentence for a person: what is wrong, with the figures that decided it. */
  readonly message: string;
  /** The figures by name, as text: `notAfter`, `now`, `windowDays`, `expected`, `actual`, … Shown by `why`. */
  readonly evidence: Readonly<Record<string, string>>;
  readonly answer: Answer;
  /** What the answer would be if the leaf's authority could sign: set only when that is why the answer is `operator`. */
  readonly blocked?: Blocked | undefined;
  /** How far something that draws near has come, in days left: a smaller number than before is news (urgency.ts). */
  readonly step?: number | undefined;
}

/** An answer that certmend would give but for the authority of the leaf. */
export interface Blocked {
  readonly answer: 'rotate' | 'repair';
  /** Id of the authority entry. */
  readonly authority: string;
  readonly by: ReasonCode;
  /** Only the authority's key is at fault: a ready standby still helps. */
  readonly onlyKey: boolean;
  /** The product has the authority again at its start, and then makes a missing pair anew: this one is taken away. */
  readonly takenAway: boolean;
}

export type Severity = 'note' | 'warning' | 'critical';

/**
 * What certmend may do about a finding (architecture, Answers). The plan turns answers into actions.
 * `rotate`: the whole set is due; `repair`: this pair; `quarantine`: move the file away; `regenerate-listener`: the
 * trigger; `write-kubeconfig`: write it again; `operator`: only a person can, the message says how; `wait`: the clock;
 * `none`: nothing to do.
 */
export type Answer =
  'none' | 'wait' | 'operator' | 'rotate' | 'repair' | 'quarantine' | 'regenerate-listener' | 'write-kubeconfig';

export type HealthLevel = 'ok' | 'warning' | 'critical';

export interface HealthReason {
  readonly code: ReasonCode;
  readonly id: string | undefined;
  readonly message: string;
  readonly severity: Severity;
  readonly step?: number | undefined;
}

export interface Health {
  readonly level: HealthLevel;
  /** Findings of severity warning and critical, worst first. */
  readonly reasons: readonly HealthReason[];
}

/** Words of `rke2 certificate check` (products 4.1), plus what that command leaves out. */
export type CertificateStatus = 'OK' | 'WARNING' | 'EXPIRED' | 'NOT YET VALID' | 'DAMAGED' | 'MISSING';

/** One row of `check`. Times in milliseconds since the epoch. */
export interface CertificateRow {
  readonly id: string;
  readonly path: string;
  readonly role: 'leaf' | 'authority' | 'listener' | 'kubeconfig' | 'key' | 'document' | 'unknown';
  readonly subject: string | undefined;
  readonly issuer: string | undefined;
  readonly usages: readonly string[];
  readonly notBefore: number | undefined;
  readonly notAfter: number | undefined;
  /** Minimum of notAfter over the chain: a leaf is worth nothing beyond its authority's end. */
  readonly effectiveNotAfter: number | undefined;
  readonly status: CertificateStatus;
  readonly findings: readonly ReasonCode[];
  readonly fingerprint256: string | undefined;
  /** What answers on the entry's port while the service runs; `current` when it is the certificate in the file. */
  readonly served?:
    { readonly fingerprint256: string; readonly notAfter: number; readonly current: boolean } | undefined;
}

export interface Assessment {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly clock: ClockBelief;
  readonly findings: readonly Finding[];
  readonly rows: readonly CertificateRow[];
  readonly health: Health;
  /** Set when the service runs and has to be restarted for what ends. */
  readonly restart?: Restart | undefined;
  /** Until when a certificate is good that a process of the running service read at its start, ms since the epoch. */
  readonly heldUntil?: number | undefined;
}

/** What is due can be made anew at a start of the service only. */
export interface Restart {
  /** When the first of them ends, milliseconds since the epoch. */
  readonly before: number;
  /** Entry id of that one. */
  readonly first: string;
  /** How many are due. */
  readonly due: number;
}

/** Whether the wall clock is believed, with what decided it (P5, architecture, Clock). */
export interface ClockBelief {
  readonly believed: boolean;
  readonly verdict: 'believed' | 'behind' | 'ahead-suspect';
  /** One sentence each, the deciding one first. */
  readonly evidence: readonly string[];
  /** The instant that the clock would have to reach (behind) or stay under (ahead), ms; undefined when believed. */
  readonly bound: number | undefined;
}

export type Synchronisation = 'synchronised' | 'not-synchronised' | 'unknown';

/** What certmend remembers from earlier runs; comes from the state file, empty on a first run. Times in ms. */
export interface Remembered {
  readonly highWater: number | undefined;
  /** Last known identity per leaf or listener id: names are never lost (architecture, Identity). */
  readonly identities: ReadonlyMap<string, RememberedIdentity>;
  /** The certificate that the listener's trigger was last written to have replaced, and when. */
  readonly listenerAsked?: { readonly fingerprint256: string; readonly at: number } | undefined;
}

export interface RememberedIdentity {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

const severityRank: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, note: 2 };

/** The health that follows from findings: the worst severity, and every finding that is more than a note, worst first. */
export function healthOf(findings: readonly Finding[]): Health {
  const reasons = findings
    .filter((finding) => finding.severity !== 'note')
    .toSorted(
      (left, right) =>
        severityRank[left.severity] - severityRank[right.severity] ||
        reasonTable[left.code].cause - reasonTable[right.code].cause,
    );
  const worst = reasons[0]?.severity;
  return {
    level: worst === undefined || worst === 'note' ? 'ok' : worst,
    reasons: reasons.map(({ code, id, message, severity, step }) => ({
      code,
      id,
      message,
      severity,
      ...(step === undefined ? {} : { step }),
    })),
  };
}
