import type { Finding, Health, HealthLevel } from '../assess/assessment.ts';
import type { ReasonCode } from '../reason.ts';
import type { AuditRecord, Priority } from '../report/audit.ts';

/** The health that was last told, by what it rests on: messages count days and are no news. */
export interface KnownHealth {
  readonly level: HealthLevel;
  /** `CODE id` of each reason, with its code and id. */
  readonly reasons: ReadonlyMap<string, { readonly code: ReasonCode; readonly id: string | undefined }>;
}

export const wellAsFarAsKnown: KnownHealth = { level: 'ok', reasons: new Map() };

/** More new reasons than this at once are one event with many faces: the rest is counted. */
const shownReasons = 10;

/**
 * What is new in the health of the node: one audit record for each reason that came or went, none when all is as it was.
 */
export function healthNews(
  before: KnownHealth,
  health: Health,
  findings: readonly Finding[],
): { readonly known: KnownHealth; readonly changed: boolean; readonly records: readonly AuditRecord[] } {
  const reasons = new Map(health.reasons.map((reason) => [`${reason.code} ${reason.id ?? ''}`, reason]));
  const came = [...reasons].filter(([key]) => !before.reasons.has(key)).map(([, reason]) => reason);
  const went = [...before.reasons].filter(([key]) => !reasons.has(key)).map(([, reason]) => reason);
  const records: AuditRecord[] = [
    ...came.slice(0, shownReasons).map(({ code, id, message }): AuditRecord => ({
      event: 'health-changed',
      priority: priorityOf(findings.find((finding) => finding.code === code && finding.id === id)),
      reason: code,
      entry: id,
      message,
      hint: id === undefined ? 'certmend check' : `certmend why ${id}`,
    })),
    ...(came.length > shownReasons
      ? [summary(health.level, `and ${String(came.length - shownReasons)} more reasons: see certmend check`)]
      : []),
    ...went.slice(0, shownReasons).map(({ code, id }): AuditRecord => ({
      event: 'health-changed',
      priority: 'notice',
      reason: code,
      entry: id,
      message: `${code}${id === undefined ? '' : ` of ${id}`} is over`,
    })),
    ...(health.level === 'ok' && before.level !== 'ok' ? [summary('ok', 'the node is healthy again')] : []),
  ];
  return {
    known: { level: health.level, reasons },
    changed: came.length > 0 || went.length > 0 || health.level !== before.level,
    records,
  };
}

function priorityOf(finding: Finding | undefined): Priority {
  return finding?.severity === 'critical' ? 'critical' : 'warning';
}

function summary(level: HealthLevel, message: string): AuditRecord {
  return {
    event: 'health-changed',
    priority: level === 'critical' ? 'critical' : level === 'warning' ? 'warning' : 'notice',
    message,
  };
}
