import type { Assessment, HealthLevel, HealthReason } from '../assess/assessment.ts';
import { reasons, type ReasonCode } from '../reason.ts';

/** What the Node object says of its certificates. */
export interface NodeSummary {
  /** Value of the label. */
  readonly label: 'ok' | 'due' | 'critical';
  readonly condition: NodeCondition;
}

export interface NodeCondition {
  readonly status: 'True' | 'False' | 'Unknown';
  /** A reason code, or `CertificatesHealthy`. */
  readonly reason: string;
  readonly message: string;
}

const labels = { ok: 'ok', warning: 'due', critical: 'critical' } as const satisfies Readonly<
  Record<HealthLevel, NodeSummary['label']>
>;

/**
 * `False` is for what is critical alone: an authority that ends in a year is no reason to page anybody, and is in the
 * label, the reason and the message. On a clock that is not believed nobody knows.
 */
export function nodeSummary({ health, clock, rows }: Assessment): NodeSummary {
  const label = labels[health.level];
  const [first] = health.reasons;
  if (!clock.believed) {
    const message = bounded(clock.evidence[0] ?? '');
    const reason: ReasonCode = clock.verdict === 'behind' ? 'ClockBehind' : 'ClockAheadSuspect';
    return { label, condition: { status: 'Unknown', reason, message } };
  }
  if (first === undefined) {
    const message = `${String(rows.filter(({ fingerprint256 }) => fingerprint256 !== undefined).length)} certificates`;
    return { label, condition: { status: 'True', reason: 'CertificatesHealthy', message } };
  }
  const status = health.level === 'critical' ? 'False' : 'True';
  return { label, condition: { status, reason: first.code, message: sentence(health.reasons) } };
}

/** The first message, with the entry that it is about, and how many there are besides. */
export function sentence(found: readonly HealthReason[]): string {
  const [first, ...others] = found;
  if (first === undefined) return '';
  const { id, message } = first;
  const named = id === undefined || message.includes(id) ? message : `${id}: ${message}`;
  return bounded(others.length === 0 ? named : `${named} (and ${String(others.length)} more)`);
}

/** What of the health has Events of its own, under the names that are in use for it: K3s's, or the like. */
export type Series = 'expiry' | 'ca-expiry' | 'fault';

export function seriesOf({ code }: HealthReason): Series {
  const { about, nature } = reasons[code];
  if (code !== 'RestartDue' && !['over', 'ending', 'early'].includes(nature)) return 'fault';
  return about === 'authority' ? 'ca-expiry' : 'expiry';
}

/** An Event takes 1,024 characters. */
function bounded(message: string): string {
  return message.length <= 900 ? message : `${message.slice(0, 899)}…`;
}
