import type { Assessment, CertificateRow, Finding, Health, Restart } from '../../assess/assessment.ts';
import { isEndOfLeaf } from '../../assess/rules/restart.ts';
import { isOfAgentPart } from '../../layout/written-files.ts';
import type { Entry } from '../../layout/entry.ts';
import type { LiveDecision, LivePhase } from '../../plan/decide-live.ts';
import type { SaidReason } from '../../reason.ts';
import type { StateRenewal } from '../../state/state.ts';
import { rfc3339 } from '../../time/rfc3339.ts';
import { apiVersion, documented, type DocumentHeader } from '../document.ts';
import { liveReport, type LiveReport } from '../live.ts';
import { leftOvers, notRehearsed, type LeftOver } from '../left-over.ts';
import { stands, stateOf, type RehearsedState } from './rehearsal.ts';

/** What the daemon would do from now until an instant, under a service that is not restarted. */
export interface RunningRehearsalReport extends DocumentHeader<'RunningRehearsalReport'> {
  /** The beginning and the end of the rehearsal. */
  readonly now: string;
  readonly at: string;
  readonly root: string;
  readonly layout: string;
  readonly unit: string;
  /**
   * True when the node goes on until then without a person: no renewal was refused, nothing is critical, no certificate is
   * over, damaged or missing, and no restart was due before. The end of the listener does not count, which the product renews,
   * nor that of the agent part where a server of the cluster renews it.
   */
  readonly keepsRunning: boolean;
  /** What was asked of the service itself, now; `answering` is null when nothing was. */
  readonly service: { readonly running: boolean | null; readonly answering: readonly number[] | null };
  /** What the daemon does about it, as of now. */
  readonly liveRenewal: LiveReport;
  /** The first renewal to come, from what is on the node now; null when there is none. */
  readonly appointment: {
    readonly first: string;
    readonly expires: string;
    /** Due from here on. */
    readonly from: string;
    /** From here on it waits for no maintenance window. */
    readonly emergencyFrom: string;
    /** When it is done: in a window, if there are any. Null when the daemon does it no more. */
    readonly at: string | null;
  } | null;
  /** The node at the end if nothing was renewed. */
  readonly before: RehearsedState;
  readonly renewals: readonly RehearsedRenewalReport[];
  /** What comes after it was not rehearsed, since there were too many renewals; else null. */
  readonly stoppedAt: string | null;
  /** The node at the end. */
  readonly after: RehearsedState;
  readonly left: readonly LeftOver[];
  /** What only the service could answer, a sentence each: how it was assumed, or that it was left out. */
  readonly notRehearsed: readonly string[];
}

export interface RehearsedRenewalReport {
  readonly at: string;
  readonly phase: LivePhase;
  readonly decision: 'renewed' | 'refused';
  readonly reasons: readonly { readonly code: string; readonly id: string | null; readonly message: string }[];
  /** What a person can do about a refusal. */
  readonly hint: string | null;
  readonly changed: readonly string[];
  /** Of these, what is written over in place, for a pod that has the single file mounted. */
  readonly inPlace: readonly string[];
  /** What a person should know although nothing failed, a sentence each. */
  readonly notes: readonly string[];
}

interface SeenRunning {
  readonly layout: { readonly name: string };
  readonly assessment: Pick<Assessment, 'now' | 'clock' | 'findings' | 'rows' | 'health' | 'restart' | 'heldUntil'>;
}

/** Structurally heal/'s own `RunningRehearsal`, which this folder may not name. */
export interface RunningRehearsed {
  readonly now: number;
  readonly at: number;
  readonly layout: {
    readonly name: string;
    readonly unit: string;
    readonly product: string;
    readonly entries: readonly Entry[];
  };
  readonly service: { readonly running: boolean | undefined; readonly answering: readonly number[] | undefined };
  readonly decision: LiveDecision;
  readonly appointment:
    | {
        readonly first: string;
        readonly end: number;
        readonly from: number;
        readonly emergencyFrom: number;
        readonly at: number | undefined;
      }
    | undefined;
  readonly nextWindow: number | undefined;
  readonly isAgentPartRenewed: boolean;
  readonly last: StateRenewal | null;
  readonly renewals: readonly {
    readonly at: number;
    readonly phase: LivePhase;
    readonly outcome:
      | {
          readonly changed: readonly string[];
          readonly reasons: readonly SaidReason[];
          readonly notes: readonly string[];
        }
      | undefined;
    readonly failure:
      { readonly code: string; readonly message: string; readonly hint: string | undefined } | undefined;
    readonly inPlace: readonly string[];
  }[];
  readonly stoppedAt: number | undefined;
  readonly before: SeenRunning;
  readonly after: SeenRunning;
}

export function runningRehearsalReport(rehearsed: RunningRehearsed, root: string): RunningRehearsalReport {
  const { now, at, layout, service, decision, appointment, nextWindow, last, renewals, stoppedAt, isAgentPartRenewed } =
    rehearsed;
  const agentPart = new Set(isAgentPartRenewed ? layout.entries.filter(isOfAgentPart).map(({ id }) => id) : []);
  const [before, after] = [rehearsed.before, rehearsed.after].map((seen) =>
    withoutEndsElsewhere(seen, agentPart, layout.entries),
  ) as [SeenRunning, SeenRunning];
  return {
    apiVersion,
    kind: 'RunningRehearsalReport',
    now: rfc3339(now),
    at: rfc3339(at),
    root,
    layout: layout.name,
    unit: layout.unit,
    keepsRunning:
      stoppedAt === undefined && renewals.every(({ failure }) => failure === undefined) && keepsRunning(after),
    service: { running: service.running ?? null, answering: service.answering ?? null },
    liveRenewal: liveReport({ decision, nextWindow, renewal: last }),
    appointment:
      appointment === undefined
        ? null
        : {
            first: appointment.first,
            expires: rfc3339(appointment.end),
            from: rfc3339(appointment.from),
            emergencyFrom: rfc3339(appointment.emergencyFrom),
            at: appointment.at === undefined ? null : rfc3339(appointment.at),
          },
    before: stateOf(before),
    renewals: renewals.map(({ at: done, phase, outcome, failure, inPlace }) => ({
      at: rfc3339(done),
      phase,
      decision: failure === undefined ? 'renewed' : 'refused',
      reasons:
        failure === undefined
          ? documented(outcome?.reasons ?? [])
          : [{ code: failure.code, id: null, message: failure.message }],
      hint: failure?.hint ?? null,
      changed: outcome?.changed ?? [],
      inPlace,
      notes: outcome?.notes ?? [],
    })),
    stoppedAt: stoppedAt === undefined ? null : rfc3339(stoppedAt),
    after: stateOf(after),
    left: leftOvers(layout.entries, { ...after.assessment, rows: rehearsed.after.assessment.rows }, isAgentPartRenewed),
    notRehearsed: notRehearsed(rehearsed),
  };
}

/**
 * The product renews the listener while it runs, and a server of the cluster the agent part, which a copy cannot show: that they
 * end is said with their dates alone.
 */
function withoutEndsElsewhere(
  seen: SeenRunning,
  agentPart: ReadonlySet<string>,
  entries: readonly Entry[],
): SeenRunning {
  const { assessment } = seen;
  const findings = assessment.findings.filter((finding) => !isListenerEnd(finding) && !isEndIn(agentPart, finding));
  const rows = assessment.rows
    .filter(({ role }) => role !== 'listener')
    .map((row): CertificateRow => (agentPart.has(row.id) && row.status === 'EXPIRED' ? { ...row, status: 'OK' } : row));
  const restart =
    assessment.restart !== undefined && agentPart.has(assessment.restart.first)
      ? heldRestart(assessment, entries)
      : assessment.restart;
  const orders = restart === undefined ? findings.filter(({ code }) => code !== 'RestartDue') : findings;
  const reasons = assessment.health.reasons.filter(({ code }) => orders.some((finding) => finding.code === code));
  return {
    ...seen,
    assessment: { ...assessment, findings: orders, rows, restart, health: { level: levelOf(orders), reasons } },
  };
}

function isEndIn(agentPart: ReadonlySet<string>, { id, code }: Finding): boolean {
  return id !== undefined && agentPart.has(id) && isEndOfLeaf(code);
}

/** The other thing that only a restart reaches: what a process has read at its start. */
function heldRestart({ heldUntil }: SeenRunning['assessment'], entries: readonly Entry[]): Restart | undefined {
  const held = entries.find((entry) => entry.kind === 'leaf' && entry.readAtStartBy !== undefined);
  return held === undefined || heldUntil === undefined ? undefined : { before: heldUntil, first: held.id, due: 1 };
}

/** One that is marked static, or that could not be made anew, is left to a person. */
function isListenerEnd({ code, answer }: Finding): boolean {
  return code === 'ListenerExpired' && answer !== 'operator';
}

function levelOf(findings: readonly Finding[]): Health['level'] {
  if (findings.some(({ severity }) => severity === 'critical')) return 'critical';
  return findings.some(({ severity }) => severity === 'warning') ? 'warning' : 'ok';
}

/** What is no end of a node: that a restart will be due, and that people have to fetch their kubeconfig again. */
function keepsRunning({ assessment, layout }: SeenRunning): boolean {
  const { restart, now } = assessment;
  if (restart !== undefined && restart.before <= now) return false;
  const findings = assessment.findings.filter(({ code }) => code !== 'RestartDue' && code !== 'KubeconfigStale');
  return stands({ layout, assessment: { ...assessment, findings, health: { level: levelOf(findings), reasons: [] } } });
}
