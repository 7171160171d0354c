import type { SaidReason } from '../reason.ts';
import { rfc3339 } from '../time/rfc3339.ts';
import { apiVersion, documented, type PrestartReport } from './document.ts';
import { printable, plainPaper, type Ink, type Paper } from '../terminal/paper.ts';
import { reasonLines, wrap, headLine, rootFact } from '../terminal/report-lines.ts';

/**
 * The `PrestartReport` document of a run of the road: the boot hook's, a rotation's, a rollback's.
 * @param input.at milliseconds since the epoch
 */
export function prestartReport(input: {
  readonly outcome: {
    readonly decision: PrestartReport['decision'];
    readonly generation: number | undefined;
    readonly origin: NonNullable<PrestartReport['origin']> | undefined;
    readonly reasons: readonly SaidReason[];
    readonly left: readonly SaidReason[];
    readonly changed: readonly string[];
  };
  readonly root: string;
  readonly unit: string;
  readonly layout: string | null;
  readonly at: number;
  readonly durationMs: number;
}): PrestartReport {
  const { outcome, root, unit, layout, at, durationMs } = input;
  return {
    apiVersion,
    kind: 'PrestartReport',
    at: rfc3339(at),
    root,
    unit,
    layout,
    decision: outcome.decision,
    generation: outcome.generation ?? null,
    origin: outcome.origin ?? null,
    reasons: documented(outcome.reasons),
    left: documented(outcome.left),
    changed: outcome.changed,
    durationMs: Math.round(durationMs),
  };
}

const words: Readonly<Record<PrestartReport['decision'], { readonly text: string; readonly ink: Ink }>> = {
  'nothing-to-do': { text: 'nothing to do', ink: 'green' },
  rotated: { text: 'rotated', ink: 'green' },
  repaired: { text: 'repaired', ink: 'green' },
  refused: { text: 'REFUSED, nothing was changed', ink: 'red' },
  deferred: { text: 'deferred, nothing was changed', ink: 'yellow' },
};

/** Nothing was due, because an earlier commit that was cut off was finished first. */
const recovered = { text: 'recovered, nothing more to do', ink: 'green' } as const;

const origins = {
  standby: 'from the standby',
  issued: 'freshly issued',
  previous: 'restored',
} as const;

/**
 * The human form of a `PrestartReport`: what was done in one line, why, and what a person should know although nothing
 * failed. It ends in the journal of the unit that is about to start.
 */
export function prestartText(report: PrestartReport, notes: readonly string[], paper: Paper = plainPaper): string {
  const { decision, generation, origin, changed, reasons, left, unit, root, durationMs } = report;
  const isRecovered = decision === 'nothing-to-do' && reasons.some(({ code }) => code === 'TransactionRecovered');
  const done = isRecovered ? recovered : words[decision];
  const { text: verdict, ink } =
    left.length === 0 ? done : { text: `${done.text}, ${leftOver(left)}`, ink: 'red' as const };
  const from = origin === null ? '' : ` ${origins[origin]}`;
  const facts = [
    ...(generation === null ? [] : [`generation ${String(generation)}${from}`]),
    ...(changed.length === 0 ? [] : [`${String(changed.length)} ${changed.length === 1 ? 'file' : 'files'} changed`]),
    unit,
    ...rootFact(root),
    `${String(durationMs)} ms`,
  ];
  const head = headLine(verdict, ink, facts, paper);
  const remarks = notes.map((note) => `  ${wrap(printable(note), (paper.columns ?? Infinity) - 2, '  ')}\n`).join('');
  return `${head}${reasonLines(reasons, paper)}${remarks}`;
}

/** In the headline: the journal of the unit that starts is read when something is wrong, and its first line must not say all is well. */
function leftOver(left: readonly unknown[]): string {
  return left.length === 1 ? '1 problem needs an operator' : `${String(left.length)} problems need an operator`;
}
