import type { HealthReason } from '../assess/assessment.ts';
import type { StateRenewal } from '../state/state.ts';
import { instantOf, rfc3339 } from '../time/rfc3339.ts';
import { minuteMs } from '../time/units.ts';
import type { ClusterMemory, OpenSeries } from './memory.ts';
import { sentence, seriesOf, type Series } from './node-summary.ts';

/** One Event of the Node: the object of this key is written, and written again when the same happens again. */
export interface NodeEvent {
  /** `expiry`, `expiry-ok`, `updated`, … */
  readonly key: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** How many times this has been said, this one too. */
  readonly count: number;
}

type Told = Pick<ClusterMemory, 'series' | 'fingerprints' | 'failureTold'>;

/** Events are forgotten after an hour: what lasts is said again before that, as K3s does. */
export const repeatMs = 30 * minuteMs;

/** K3s's names for the ends, OpenShift's for the renewals. */
const names: Readonly<Record<Series, { readonly begins: string; readonly ends: string; readonly about: string }>> = {
  expiry: { begins: 'CertificateExpirationWarning', ends: 'CertificateExpirationOK', about: 'no certificate is due' },
  'ca-expiry': {
    begins: 'CACertificateExpirationWarning',
    ends: 'CACertificateExpirationOK',
    about: 'no certificate authority is due',
  },
  fault: { begins: 'CertificateFault', ends: 'CertificateFaultOK', about: 'the faults are gone' },
};

/**
 * Which Events there are to tell of, and what to remember when they were told: for each kind of trouble one that is
 * repeated, and one when it is over.
 *
 * @param now milliseconds since the epoch
 */
export function nodeEvents(
  found: {
    readonly reasons: readonly HealthReason[];
    readonly fingerprints: Readonly<Record<string, string>>;
    readonly renewal: StateRenewal | null;
  },
  told: Told,
  now: number,
): { readonly events: readonly NodeEvent[]; readonly told: Told } {
  const events: NodeEvent[] = [];
  const series: Record<string, OpenSeries> = {};
  for (const key of Object.keys(names) as Series[]) {
    const reasons = found.reasons.filter((reason) => seriesOf(reason) === key);
    const open = told.series[key];
    if (reasons.length > 0) {
      const severity = reasons.some((reason) => reason.severity === 'critical') ? 'critical' : 'warning';
      const isWorse = open?.severity === 'warning' && severity === 'critical';
      if (open !== undefined && !isWorse && !isOld(open, now)) {
        series[key] = open;
        continue;
      }
      const count = (open?.count ?? 0) + 1;
      series[key] = { severity, count, lastAt: rfc3339(now) };
      events.push({ key, type: 'Warning', reason: names[key].begins, message: sentence(reasons), count });
    } else if (open !== undefined) {
      events.push({ key: `${key}-ok`, type: 'Normal', reason: names[key].ends, message: names[key].about, count: 1 });
    }
  }
  const renewed = Object.entries(found.fingerprints).filter(
    ([id, print]) => told.fingerprints[id] !== undefined && told.fingerprints[id] !== print,
  );
  if (renewed.length > 0) {
    const message = `${renewed.length === 1 ? '1 certificate was' : `${String(renewed.length)} certificates were`} replaced: ${listed(renewed.map(([id]) => id))}`;
    events.push({ key: 'updated', type: 'Normal', reason: 'CertificateUpdated', message, count: 1 });
  }
  const failure = failureOf(found.renewal);
  if (failure !== undefined && failure.at !== told.failureTold) {
    const { at, message } = failure;
    events.push({ key: 'update-failed', type: 'Warning', reason: 'CertificateUpdateFailed', message, count: 1 });
    return { events, told: { series, fingerprints: found.fingerprints, failureTold: at } };
  }
  return { events, told: { series, fingerprints: found.fingerprints, failureTold: told.failureTold } };
}

/** In how many milliseconds a series has to be repeated; undefined when none is open. */
export function nextRepeatMs(series: ClusterMemory['series'], now: number): number | undefined {
  const due = Object.values(series).map(({ lastAt }) => (instantOf(lastAt) ?? 0) + repeatMs - now);
  return due.length === 0 ? undefined : Math.max(0, Math.min(...due));
}

/** A clock that was set back must not silence it. */
function isOld({ lastAt }: OpenSeries, now: number): boolean {
  return Math.abs(now - (instantOf(lastAt) ?? 0)) >= repeatMs;
}

function failureOf(renewal: StateRenewal | null): { readonly at: string; readonly message: string } | undefined {
  if (renewal === null) return undefined;
  const { at, outcome } = renewal;
  if (outcome === 'rolled-back')
    return { at, message: 'a renewal of the running service was taken back: the node was worse for it' };
  return outcome === 'failed'
    ? { at, message: 'a renewal of the running service failed: nothing was changed' }
    : undefined;
}

function listed(ids: readonly string[]): string {
  const shown = ids.slice(0, 10).join(', ');
  return ids.length > 10 ? `${shown} and ${String(ids.length - 10)} more` : shown;
}
