import type { CertificateStatus, HealthLevel } from '../assess/assessment.ts';
import type { LastRenewal } from '../plan/decide-live.ts';
import type { ReasonCode } from '../reason.ts';

/**
 * `/var/lib/certmend/dynamic-cert.json`: what certmend remembers between runs. Times are RFC 3339 UTC. No key material.
 * The published schema is docs/state.schema.json. RKE2's own `server/tls/dynamic-cert.json` is something else.
 */
export interface State {
  readonly schema: 1;
  readonly node: StateNode;
  readonly clock: { readonly highWater: string | null };
  readonly generations: {
    /** Number the next generation gets. */
    readonly next: number;
    readonly active: GenerationReference | null;
    readonly standby: GenerationReference | null;
    readonly previous: GenerationReference | null;
    /** Last generation that was seen to work after a start; pruned never. */
    readonly confirmed: number | null;
    /** SHA-256 over the standby's bytes and its authorities, when they have held their TLS handshakes (P4). */
    readonly proof: string | null;
  };
  readonly certificates: Readonly<Record<string, StateCertificate>>;
  readonly authorities: Readonly<Record<string, StateAuthority>>;
  /** What was in the listener's document when its trigger was last written: it may come back. Null when it never was. */
  readonly listenerAsked: { readonly fingerprint256: string; readonly at: string } | null;
  readonly transaction: StateTransaction | null;
  /** The last renewal under a service that runs. Null when there never was one. */
  readonly renewal: StateRenewal | null;
  /** The last renewal of the agent part, through a server of the cluster. Null when there never was one. */
  readonly agentRenewal: StateRenewal | null;
  /** The rotation of authorities that is under way, or the last one. Null when there never was one. */
  readonly authorityRotation: StateAuthorityRotation | null;
  /**
   * What certmend did by itself in the last days, for the brake (P8): rotations of the whole set, and repairs by entry.
   * What a person asked for is not here.
   */
  readonly brake: {
    readonly commits: readonly string[];
    readonly repairs?: Readonly<Record<string, readonly string[]>>;
    /** Attempts of certmend's own since the last commit, oldest first: those in a row slow the next ones down. */
    readonly attempts?: readonly string[];
  };
  readonly health: {
    readonly level: HealthLevel;
    readonly since: string;
    readonly reasons: readonly { readonly code: ReasonCode; readonly id: string | null; readonly message: string }[];
  };
  /**
   * The health that the daemon told last, to the journal and to the program of notify.exec: after a restart only what
   * differs from it is news. Null when it never told any. What others find and save is under `health`.
   */
  readonly told: { readonly level: HealthLevel; readonly reasons: readonly ToldReason[] } | null;
  readonly lastCheck: string | null;
  /** At most 50, oldest first. */
  readonly events: readonly StateEvent[];
}

/** A reason by what it rests on: messages count days and are no news. */
export interface ToldReason {
  readonly code: ReasonCode;
  readonly id: string | null;
  /** How bad it was, and the step that it had reached: worse than that is news. Null where an older version told it. */
  readonly severity: 'warning' | 'critical' | null;
  readonly step: number | null;
}

export interface StateNode {
  readonly machineId: string;
  readonly nodeName: string;
  readonly layout: string;
  readonly dataDir: string;
}

export interface GenerationReference {
  readonly number: number;
  readonly origin: 'issued' | 'repaired' | 'adopted';
  readonly createdAt: string;
  readonly committedAt: string | null;
  readonly notAfter: string;
}

export interface StateCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly fingerprint256: string | null;
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  readonly status: CertificateStatus;
  readonly reasons: readonly ReasonCode[];
}

export interface StateAuthority {
  readonly commonName: string;
  readonly fingerprint256: string | null;
  readonly notAfter: string | null;
}

export interface StateTransaction {
  readonly id: string;
  readonly generation: number;
  readonly startedAt: string;
  readonly reason: ReasonCode;
}

/**
 * A renewal of what runs: what has to be known of it should certmend be ended before it has seen whether the node is worse
 * for it, and so that what was taken back once is not done again.
 */
export interface StateRenewal {
  /** That went live; null when the attempt failed before, and for the agent part, which is in no generation. */
  readonly generation: number | null;
  readonly at: string;
  /** The start of the service under which it was done; null when systemd did not say. */
  readonly invocation: string | null;
  /** Who asked: the daemon at the usual time, the daemon when little time was left, or a person. */
  readonly phase: LastRenewal['phase'];
  /** The end that was near, of the set that was live before. */
  readonly end: string | null;
  /**
   * `watching`: live, and not known to be well yet. `confirmed`: all that was well before was well with it. `rolled-back`: not, and
   * the set before it is live again. `unconfirmed`: nobody saw. `failed`: nothing was changed.
   */
  readonly outcome: LastRenewal['outcome'];
  /** Ports that answered before, and entries whose component said that it is well. */
  readonly answered: readonly number[];
  readonly well: readonly string[];
  /** Until when a certificate is good that a process of the product read at its start, and goes on with until the next one. */
  readonly heldUntil: string | null;
}

/** How far a rotation of the authorities has come: what a person has to do next, whatever ended the command before. */
export interface StateAuthorityRotation {
  readonly startedAt: string;
  /**
   * `sending`: the set is made, and it is not known whether the product has taken it. `stored`: it has, and this server has to
   * be restarted. `this-server`: this server runs with it, and the others have to be. `servers`: all of them do, by an operator's
   * word, and the agents have to be. `finished`: nothing is left to do. `withdrawing`: the old set is being sent back, and it is not
   * known whether the product has taken it. `withdrawn`: it has, and no server had been restarted.
   */
  readonly step: 'sending' | 'stored' | 'this-server' | 'servers' | 'finished' | 'withdrawing' | 'withdrawn';
  /** When that was reached. */
  readonly at: string;
  /** Every node that has the full token in its settings needs the new one. */
  readonly tokenChanges: boolean;
  /** The hash in the token afterwards; null where the authority that it is over is not among these and could not be read. */
  readonly caHash: string | null;
  readonly agentsRestart: boolean;
  /** Entries whose component said before that it is well: behind the restart they have to say it again. */
  readonly well: readonly string[];
  readonly authorities: readonly RotatedAuthority[];
}

/** A person has to go on with it, or to take it back. */
export function isRotationOpen(rotation: StateAuthorityRotation | null): rotation is StateAuthorityRotation {
  return rotation !== null && rotation.step !== 'finished' && rotation.step !== 'withdrawn';
}

export interface RotatedAuthority {
  readonly id: string;
  readonly way: 'intermediate' | 'new-root' | 'given';
  /** SHA-256 of the certificate files: which of them is on the disk. */
  readonly oldSha256: string;
  readonly newSha256: string;
  /** End of the new signer. */
  readonly notAfter: string;
  /** Until when nodes that have the old file alone accept what the new one signs; null where no root changes. */
  readonly crossSignedUntil: string | null;
}

export interface StateEvent {
  readonly at: string;
  readonly event: string;
  readonly code: ReasonCode | null;
  readonly id: string | null;
  readonly generation: number | null;
  readonly message: string;
}

/**
 * What keeps the state file small and therefore readable (file-reader refuses more than 1 MiB): every list that grows
 * with time or with what others put on the node has an end.
 */
export const bounds = {
  events: 50,
  brakeCommits: 100,
  brakeAttempts: 20,
  brakeAgeMs: 7 * 24 * 3_600_000,
  healthReasons: 100,
  /** Characters of one message. */
  message: 600,
  /** Characters of all names of one certificate, about 600 names of common length. */
  names: 16 * 1024,
} as const;

/** The message, cut at the bound with an ellipsis. */
export function bounded(message: string): string {
  return message.length <= bounds.message ? message : `${message.slice(0, bounds.message - 1)}…`;
}
