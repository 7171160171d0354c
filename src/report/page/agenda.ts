import { instantOf } from '../../time/rfc3339.ts';
import { distanceText, wholeSeconds } from '../../time/span.ts';
import { dayMs } from '../../time/units.ts';
import type { AuthorityReport } from '../authority/authorities.ts';
import type { CheckReport, PlanReport } from '../document.ts';
import { liveText, type LiveReport } from '../live.ts';
import { decisionText } from '../plan.ts';
import type { StatusReport } from '../status.ts';

/** Something that will happen, or that a person has to do: when, and what, a sentence each. */
export interface AgendaItem {
  readonly when: string;
  readonly what: string;
}

/** One that has a date, milliseconds since the epoch. */
interface DatedItem extends AgendaItem {
  readonly at: number;
}

export interface AgendaInput {
  readonly check: CheckReport;
  readonly status: StatusReport;
  /** Undefined when what certmend remembers cannot be read: then nothing is decided. */
  readonly plan: PlanReport | undefined;
  /** The unit of the service. */
  readonly unit: string;
  readonly authorities: AuthorityReport;
  /** With so many days left, or fewer, a start of the service renews the set. */
  readonly renewBeforeDays: number;
}

/**
 * What certmend will do, and when, in the order of the road: at the next start, while the service runs, and what is left to a
 * person.
 */
export function agenda(input: AgendaInput): readonly AgendaItem[] {
  const { plan, status, unit } = input;
  const now = instantOf(status.at) ?? 0;
  const next = status.next === null ? [] : [expiry(status.next, now)];
  const dates = [...renewalAtStart(input, now), ...next, ...replacement(input.authorities, now)];
  const decided =
    plan === undefined
      ? [{ when: `at the next start of ${unit}`, what: 'nothing, while the state file of certmend cannot be read' }]
      : [
          ...restart(plan, now),
          { when: `at the next start of ${unit}`, what: decisionText(plan) },
          ...whileItRuns('while the service runs', plan.liveRenewal, now),
          ...whileItRuns('agent part', plan.agentRenewal, now),
        ];
  return [...decided, ...dates.toSorted((a, b) => a.at - b.at).map(({ when, what }) => ({ when, what }))];
}

function restart({ restartBefore, unit }: PlanReport, now: number): readonly AgendaItem[] {
  const before = instantOf(restartBefore);
  if (restartBefore === null || before === undefined) return [];
  const when = before <= now ? 'now' : `before ${dated(restartBefore, now)}`;
  return [{ when, what: `restart ${unit}: what expires then is only replaced at its start` }];
}

/** Of the set that certmend can issue; what lies below agent/ is made anew by the product at each start. */
function renewalAtStart({ check, plan, authorities, renewBeforeDays }: AgendaInput, now: number): readonly DatedItem[] {
  if (authorities.role !== 'server' || plan?.decision !== 'nothing-to-do') return [];
  const ends = check.certificates
    .filter(({ id, role }) => role === 'leaf' && !id.startsWith('agent/'))
    .flatMap(({ effectiveNotAfter }) => instantOf(effectiveNotAfter) ?? []);
  if (ends.length === 0) return [];
  const from = Math.min(...ends) - renewBeforeDays * dayMs;
  if (from <= now) return [];
  return [
    {
      at: from,
      when: `from ${dated(new Date(from).toISOString(), now)} on`,
      what: `a start of ${plan.unit} renews the whole set, ${String(renewBeforeDays)} days before the first of it expires`,
    },
  ];
}

function whileItRuns(when: string, report: LiveReport | null, now: number): readonly AgendaItem[] {
  return report === null ? [] : [{ when, what: `renewal ${liveText(report, now)}` }];
}

function expiry({ id, at }: NonNullable<StatusReport['next']>, now: number): DatedItem {
  return { at: instantOf(at) ?? now, when: dated(at, now), what: `${id} expires, as the next one` };
}

function replacement({ beginAt, firstEnd, role }: AuthorityReport, now: number): readonly DatedItem[] {
  if (beginAt === null || firstEnd === null) return [];
  const begin = instantOf(beginAt) ?? now;
  const end = `the first authority expires ${dated(firstEnd, now)}`;
  const who = role === 'agent' ? 'on a server of the cluster: certmend ca status' : 'certmend ca status shows how';
  const when = begin <= now ? 'now' : dated(beginAt, now);
  return [{ at: begin, when, what: `begin to replace the authorities; ${end}; ${who}` }];
}

function dated(instant: string, now: number): string {
  return `${wholeSeconds(instant).slice(0, 10)} (${distanceText((instantOf(instant) ?? now) - now)})`;
}
