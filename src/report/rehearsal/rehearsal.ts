import { rfc3339 } from '../../time/rfc3339.ts';
import type { CertificateStatus, Health, Severity } from '../../assess/assessment.ts';
import { reasons as reasonTable, type ReasonCode, type SaidReason } from '../../reason.ts';
import { apiVersion, documented, type DocumentHeader } from '../document.ts';
import { paint, type Paper, printable } from '../../terminal/paper.ts';

export interface RehearsalReport extends DocumentHeader<'RehearsalReport'> {
  /** The rehearsed instant. */
  readonly at: string;
  readonly root: string;
  readonly layout: string;
  /**
   * True when the boot hook leaves nothing behind at that instant that keeps the product from its work: no critical
   * finding, and no certificate that is over, not yet valid, damaged or missing.
   */
  readonly comesBack: boolean;
  /** How long the boot hook would wait for a clock that is not believed, which a rehearsal does not; else null. */
  readonly clockWaitSeconds: number | null;
  readonly before: RehearsedState;
  readonly decision: string;
  readonly origin: string | null;
  readonly reasons: readonly {
    readonly code: string;
    readonly id: string | null;
    readonly message: string;
  }[];
  readonly changed: readonly string[];
  readonly after: RehearsedState;
}

export interface RehearsedState {
  readonly health: Health;
  /** Expired and nobody's business but certmend's or the operator's. */
  readonly expired: number;
  /** Expired too, and made anew by the product itself as it starts. */
  readonly remadeAtStart: number;
  readonly certificates: number;
}

interface Seen {
  readonly layout: { readonly name: string };
  readonly assessment: {
    readonly health: Health;
    readonly clock: { readonly believed: boolean };
    readonly findings: readonly { readonly id: string | undefined; readonly severity: Severity }[];
    readonly rows: readonly {
      readonly id: string;
      readonly status: CertificateStatus;
      readonly role: string;
      readonly findings: readonly ReasonCode[];
    }[];
  };
}

/** What a rehearsal came to; structurally heal/'s own `Rehearsal`, which this folder may not name. */
export interface Rehearsed {
  readonly at: number;
  readonly clockWaitMs: number;
  readonly before: Seen;
  readonly outcome:
    | {
        readonly decision: string;
        readonly origin: string | undefined;
        readonly changed: readonly string[];
        readonly reasons: readonly SaidReason[];
      }
    | undefined;
  readonly failure: { readonly code: string; readonly message: string } | undefined;
  readonly after: Seen;
}

export function rehearsalReport(rehearsed: Rehearsed, root: string): RehearsalReport {
  const { at, clockWaitMs, before, outcome, failure, after } = rehearsed;
  return {
    apiVersion,
    kind: 'RehearsalReport',
    at: rfc3339(at),
    root,
    layout: before.layout.name,
    comesBack: failure === undefined && stands(after),
    clockWaitSeconds: before.assessment.clock.believed ? null : clockWaitMs / 1000,
    before: stateOf(before),
    decision: outcome?.decision ?? 'failed',
    origin: outcome?.origin ?? null,
    reasons:
      failure === undefined
        ? documented(outcome?.reasons ?? [])
        : [{ code: failure.code, id: null, message: failure.message }],
    changed: outcome?.changed ?? [],
    after: stateOf(after),
  };
}

const dead: ReadonlySet<CertificateStatus> = new Set(['EXPIRED', 'NOT YET VALID', 'DAMAGED', 'MISSING']);

/** A clock that is wrong makes no finding critical (nothing is decided on it), and yet nothing works under it. */
export function stands({ assessment: { health, rows, findings } }: Seen): boolean {
  const counts = new Set(findings.filter(({ severity }) => severity !== 'note').map(({ id }) => id));
  return health.level !== 'critical' && rows.every(({ id, status }) => !dead.has(status) || !counts.has(id));
}

export function stateOf({ assessment }: Seen): RehearsedState {
  const rows = assessment.rows.filter(({ role }) => role === 'leaf' || role === 'listener');
  const expired = rows.filter(({ status }) => status === 'EXPIRED');
  const remade = expired.filter(({ findings }) => findings.some((code) => reasonTable[code].nature === 'pending'));
  return {
    health: assessment.health,
    expired: expired.length - remade.length,
    remadeAtStart: remade.length,
    certificates: rows.length,
  };
}

export function rehearsalText(report: RehearsalReport, paper: Paper): string {
  const verdict = report.comesBack
    ? paint('the node would come back by itself', 'green', paper)
    : paint('the node would NOT come back by itself', 'red', paper);
  const by =
    report.origin === null
      ? ''
      : `, from ${report.origin === 'issued' ? 'freshly issued material' : `the ${report.origin} generation`}`;
  const lines = [
    `rehearsal at ${report.at} on a copy of ${report.layout}; the node was only read`,
    `  before   ${stateText(report.before)}`,
    `  hook     ${report.decision}${by}${report.changed.length === 0 ? '' : `, ${String(report.changed.length)} files`}`,
    ...firstOfEach(report.reasons),
    ...(report.clockWaitSeconds === null
      ? []
      : [
          `             (at a boot it first waits up to ${String(report.clockWaitSeconds)} s for the clock to be corrected)`,
        ]),
    `  after    ${stateText(report.after)}`,
    ...firstOfEach(report.after.health.reasons),
    verdict,
  ];
  return `${lines.join('\n')}\n`;
}

export function stateText({ health, expired, remadeAtStart, certificates }: RehearsedState): string {
  const remade = remadeAtStart === 0 ? '' : `, ${String(remadeAtStart)} more that the service recreates as it starts`;
  return `${health.level}: ${String(expired)} of ${String(certificates)} certificates expired${remade}`;
}

/** After a year in a box all certificates say the same thing: one line a code. */
export function firstOfEach(
  reasons: readonly { readonly code: string; readonly message: string }[],
): readonly string[] {
  return [...Map.groupBy(reasons, ({ code }) => code)].map(([code, [first, ...others]]) => {
    const more = others.length === 0 ? '' : ` (and ${String(others.length)} more)`;
    return `             ${code}: ${printable(first?.message ?? '')}${more}`;
  });
}
