import { reasons, type ReasonCode } from '../../reason.ts';
import type { CertificateRow, Finding, Restart } from '../assessment.ts';
import type { AssessContext } from '../context.ts';
import { isOfAgentPart } from '../../layout/written-files.ts';
import { span } from '../../time/span.ts';
import { instant, minute } from '../../time/rfc3339.ts';
import { dayMs } from '../../time/units.ts';
import { urgencyOf } from './urgency.ts';

/**
 * The date before which a running service has to be restarted, since what ends is made anew at its start and at no other
 * time: by the boot hook, or by the product itself. Undefined when the service does not run (its next start is enough),
 * when nothing is due, and on a clock that is not believed.
 */
export function restartOf(
  rows: readonly CertificateRow[],
  findings: readonly Finding[],
  context: AssessContext,
): Restart | undefined {
  if (context.serviceRunning !== true || !context.clock.believed) return undefined;
  const atStart = new Set(
    context.layout.entries.flatMap((entry) => (entry.kind === 'leaf' && entry.reissuedAtStart ? [entry.id] : [])),
  );
  const due = new Set(
    findings.flatMap(({ id, code, answer }) => {
      if (id === undefined || !isEndOfLeaf(code)) return [];
      return answer === 'rotate' || atStart.has(id) ? [id] : [];
    }),
  );
  const agentPart = new Set(context.layout.entries.flatMap((entry) => (isOfAgentPart(entry) ? [entry.id] : [])));
  const isSound = !findings.some(isUnsound);
  const ends = rows
    .flatMap(({ id, effectiveNotAfter: at }) => {
      if (at === undefined || !due.has(id)) return [];
      const isAwaited = atStart.has(id)
        ? agentPart.has(id) && isAgentPartRenewedLive(at, context)
        : isSound && isRenewedLive(at, context);
      return isAwaited ? [] : [{ id, at }];
    })
    .concat(heldOf(context))
    .toSorted((left, right) => left.at - right.at);
  const [first] = ends;
  return first === undefined ? undefined : { before: first.at, first: first.id, due: ends.length };
}

/**
 * What certmend would answer at the next start, for another reason than that an end is near: under a service that runs it
 * renews nothing then.
 */
export function isUnsound({ answer, code }: Finding): boolean {
  return answer === 'repair' || (answer === 'rotate' && reasons[code].nature !== 'ending');
}

/**
 * The daemon renews it while the service runs, and there is time for that yet: a person is called when it should have been done.
 * @param end milliseconds since the epoch
 */
export function isRenewedLive(end: number, { now, settings: { live }, serviceRunning }: AssessContext): boolean {
  if (serviceRunning !== true || live === undefined) return false;
  return end - now > live.doneByDays * dayMs;
}

/** The same for a leaf of the agent part, which needs nothing of the node's own set. */
export function isAgentPartRenewedLive(end: number, { now, settings, serviceRunning }: AssessContext): boolean {
  const { liveAgentPart: live } = settings;
  return serviceRunning === true && live !== undefined && end - now > live.doneByDays * dayMs;
}

/** What a process has read at its start ends whatever has been renewed on the disk since. */
function heldOf({ heldUntil, now, settings, layout }: AssessContext): readonly { id: string; at: number }[] {
  if (heldUntil === undefined || heldUntil - now > settings.renewBeforeDays * dayMs) return [];
  const leaf = layout.entries.find((entry) => entry.kind === 'leaf' && entry.readAtStartBy !== undefined);
  return leaf === undefined ? [] : [{ id: leaf.id, at: heldUntil }];
}

/** The order that follows from it: one for the node, however many certificates are due. */
export function restartFinding(restart: Restart, context: AssessContext): Finding {
  const { before, first, due } = restart;
  const { now, layout, settings } = context;
  const unit = layout.unit.replace(/\.service$/, '');
  const left = before - now;
  const others = due === 1 ? '' : `, ${String(due - 1)} more due`;
  const message =
    left > 0
      ? `restart ${unit} before ${minute(before)} or the node stops (${shortSpan(left)}): ${first} expires then${others}`
      : `restart ${unit} now, ${first} expired ${span(left)} ago (${minute(before)})${others}`;
  return {
    code: 'RestartDue',
    id: undefined,
    path: undefined,
    ...urgencyOf(left, settings.leafCriticalDays),
    message,
    evidence: {
      before: instant(before),
      now: instant(now),
      first,
      due: String(due),
      unit,
      criticalDays: String(settings.leafCriticalDays),
    },
    answer: 'operator',
  };
}

function shortSpan(ms: number): string {
  return ms >= 2 * dayMs ? `${String(Math.floor(ms / dayMs))} d` : span(ms);
}

/** What the product and the boot hook make anew at a start, and at no other time. */
export function isEndOfLeaf(code: ReasonCode): boolean {
  const { about, nature } = reasons[code];
  return about === 'leaf' && (nature === 'over' || nature === 'ending');
}
