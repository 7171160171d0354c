import type { Finding, Health, HealthLevel, HealthReason } from '../assess/assessment.ts';
import type { ReasonCode } from '../reason.ts';
import type { AuditRecord, Priority } from '../audit/audit.ts';
import type { State, ToldReason } from '../state/state.ts';

/** The health that was last told, by what it rests on: messages count days and are no news. */
export interface KnownHealth {
  readonly level: HealthLevel;
  /** `CODE id` of each reason. */
  readonly reasons: ReadonlyMap<string, KnownReason>;
}

export interface KnownReason {
  readonly code: ReasonCode;
  readonly id: string | undefined;
  /** Undefined where a version told it that did not keep it. */
  readonly severity: ToldReason['severity'] | undefined;
  readonly step: number | undefined;
}

/** What was told before the daemon started; a node that nothing was told of counts as well. */
export function knownFrom(told: State['told']): KnownHealth {
  const reasons = (told?.reasons ?? []).map(({ code, id, severity, step }): KnownReason => ({
    code,
    id: id ?? undefined,
    severity,
    step: step ?? undefined,
  }));
  return { level: told?.level ?? 'ok', reasons: new Map(reasons.map((reason) => [keyOf(reason), reason])) };
}

/** The same, as it is remembered. */
export function toldFrom({ level, reasons }: KnownHealth): NonNullable<State['told']> {
  return {
    level,
    reasons: [...reasons.values()].map(({ code, id, severity, step }) => ({
      code,
      id: id ?? null,
      severity: severity ?? null,
      step: step ?? null,
    })),
  };
}

function keyOf({ code, id }: { readonly code: ReasonCode; readonly id: string | undefined }): string {
  return `${code} ${id ?? ''}`;
}

/**
 * What is new in the health of the node: one audit record for each reason code that came, got worse or went, none when
 * all is as it was. Eighteen certificates that expire together are one piece of news; `certmend check` names them all.
 */
export function healthNews(
  before: KnownHealth,
  health: Health,
  findings: readonly Finding[],
): { readonly known: KnownHealth; readonly changed: boolean; readonly records: readonly AuditRecord[] } {
  const reasons = new Map(health.reasons.map((reason) => [keyOf(reason), reason]));
  const came = byCode(
    [...reasons].filter(([key, reason]) => isNews(before.reasons.get(key), reason)).map(([, reason]) => reason),
  );
  const went = byCode([...before.reasons].filter(([key]) => !reasons.has(key)).map(([, reason]) => reason));
  const records: AuditRecord[] = [
    ...came.map(({ first: { code, id, message }, more }): AuditRecord => ({
      event: 'health-changed',
      priority: priorityOf(findings.find((finding) => finding.code === code && finding.id === id)),
      reason: code,
      entry: id,
      message: `${message}${more}`,
      hint: id === undefined ? 'certmend check' : `certmend why ${id}`,
    })),
    ...went.map(({ first: { code, id }, more }): AuditRecord => ({
      event: 'health-changed',
      priority: 'notice',
      reason: code,
      entry: id,
      message: `${code}${id === undefined ? '' : ` of ${id}`}${more} is resolved`,
    })),
    ...(health.level === 'ok' && before.level !== 'ok' ? [healthyAgain] : []),
  ];
  return {
    known: { level: health.level, reasons: new Map([...reasons].map(([key, reason]) => [key, knownReason(reason)])) },
    changed: came.length > 0 || went.length > 0 || health.level !== before.level,
    records,
  };
}

/** It was not told yet, or what was told of it is less than what is true now. */
function isNews(told: KnownReason | undefined, { severity, step }: HealthReason): boolean {
  if (told === undefined || (told.severity === 'warning' && severity === 'critical')) return true;
  return step !== undefined && (told.step === undefined || step < told.step);
}

function knownReason({ code, id, severity, step }: HealthReason): KnownReason {
  return { code, id, severity: severity === 'note' ? undefined : severity, step };
}

const healthyAgain: AuditRecord = { event: 'health-changed', priority: 'notice', message: 'the node is healthy again' };

function byCode<Reason extends { readonly code: ReasonCode }>(
  reasons: readonly Reason[],
): readonly { readonly first: Reason; readonly more: string }[] {
  return [...Map.groupBy(reasons, ({ code }) => code).values()].flatMap(([first, ...others]) => {
    const more = others.length === 0 ? '' : ` (and ${String(others.length)} more)`;
    return first === undefined ? [] : [{ first, more }];
  });
}

function priorityOf(finding: Finding | undefined): Priority {
  return finding?.severity === 'critical' ? 'critical' : 'warning';
}
