import type { LiveReport } from './live.ts';
import type { Health } from '../assess/assessment.ts';
import type { Decision } from '../plan/plan.ts';
import type { ReasonCode, SaidReason } from '../reason.ts';

/** JSON documents of the command line (architecture, Documents). Times RFC 3339 UTC. Fields are added, never changed or removed. */
export const apiVersion = 'certmend/v1';

/** Reasons as every document has them: what is about no entry says so. */
export function documented(reasons: readonly SaidReason[]): readonly SaidReason<string | null>[] {
  return reasons.map(({ code, id, message }) => ({ code, id: id ?? null, message }));
}

export interface DocumentHeader<Kind extends string> {
  readonly apiVersion: typeof apiVersion;
  readonly kind: Kind;
}

export interface CheckReport extends DocumentHeader<'CheckReport'> {
  readonly at: string;
  readonly root: string;
  readonly layout: string;
  readonly nodeName: string;
  readonly health: Health;
  readonly certificates: readonly CheckedCertificate[];
}

export interface CheckedCertificate {
  readonly id: string;
  readonly path: string;
  readonly role: string;
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly usages: readonly string[];
  readonly notBefore: string | null;
  /** Its own end. */
  readonly notAfter: string | null;
  /** From when it is worth nothing: its own end, or that of the authority on its best chain when that comes first. */
  readonly effectiveNotAfter: string | null;
  /** Seconds until the effective end; negative when past; null when unknown. */
  readonly residualSeconds: number | null;
  readonly status: string;
  readonly findings: readonly ReasonCode[];
  readonly fingerprint256: string | null;
  /** What answers on its port of this machine; null when nothing was asked, or nobody answered. */
  readonly served: { readonly fingerprint256: string; readonly notAfter: string; readonly current: boolean } | null;
}

export interface PrestartReport extends DocumentHeader<'PrestartReport'> {
  readonly at: string;
  readonly root: string;
  readonly unit: string;
  readonly layout: string | null;
  readonly decision: 'nothing-to-do' | 'rotated' | 'repaired' | 'refused' | 'deferred';
  readonly generation: number | null;
  /** `standby`, `issued` or `previous` when leaf material was installed. */
  readonly origin: 'standby' | 'issued' | 'previous' | null;
  readonly reasons: readonly SaidReason<string | null>[];
  /** Of these, what a person still has to see to, though the run did what it could; empty when nothing was changed. */
  readonly left: readonly SaidReason<string | null>[];
  readonly changed: readonly string[];
  readonly durationMs: number;
}

export interface RenewalReport extends DocumentHeader<'RenewalReport'> {
  readonly at: string;
  readonly root: string;
  readonly unit: string;
  readonly layout: string;
  readonly decision: 'renewed' | 'rolled-back';
  /** That is live now. */
  readonly generation: number | null;
  readonly reasons: readonly SaidReason<string | null>[];
  readonly changed: readonly string[];
  /** What answered at the end on the ports of the service that had answered before. */
  readonly served: readonly {
    readonly id: string;
    readonly port: number;
    readonly consumer: string;
    readonly state: 'current' | 'stale' | 'silent' | 'ill' | 'refused';
  }[];
  /** What a person should know although nothing failed, a sentence each. */
  readonly notes: readonly string[];
  readonly durationMs: number;
}

export interface PlanReport extends DocumentHeader<'Plan'> {
  readonly at: string;
  readonly root: string;
  readonly layout: string;
  readonly decision: Decision;
  /** The actions are carried out at the next start of this unit. */
  readonly unit: string;
  /** The unit runs, and has to be restarted before this instant; null when it does not run, or nothing ends. */
  readonly restartBefore: string | null;
  /** What the daemon does before that, while the unit runs; null while it does not, or nobody can tell. */
  readonly liveRenewal: LiveReport | null;
  /** The same for the agent part, which a server of the cluster signs. */
  readonly agentRenewal: LiveReport | null;
  readonly source: { readonly kind: string; readonly generation: number | null };
  readonly reasons: readonly SaidReason<string | null>[];
  readonly actions: readonly {
    readonly kind: string;
    readonly id: string;
    readonly path: string | null;
    readonly reason: ReasonCode;
  }[];
}
