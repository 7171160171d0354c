import type { SaidReason } from '../reason.ts';
import { headLine, rootFact, reasonLines } from '../terminal/report-lines.ts';
import { plainPaper, type Paper, printable } from '../terminal/paper.ts';
import { rfc3339 } from '../time/rfc3339.ts';
import { apiVersion, documented, type RenewalReport } from './document.ts';

type Port = Omit<RenewalReport['served'][number], 'state'>;

const states = ['current', 'stale', 'silent', 'ill', 'refused'] as const;

/** The `RenewalReport` document: what `certmend renew` changed, and what the service serves since. */
export function renewalReport(input: {
  readonly outcome: {
    readonly generation: number | undefined;
    readonly reasons: readonly SaidReason[];
    readonly changed: readonly string[];
    readonly notes: readonly string[];
  };
  readonly served: Readonly<Record<(typeof states)[number], readonly Port[]>>;
  readonly rolledBack: boolean;
  readonly root: string;
  readonly unit: string;
  readonly layout: string;
  readonly at: number;
  readonly durationMs: number;
}): RenewalReport {
  const { outcome, served, rolledBack, root, unit, layout, at, durationMs } = input;
  return {
    apiVersion,
    kind: 'RenewalReport',
    at: rfc3339(at),
    root,
    unit,
    layout,
    decision: rolledBack ? 'rolled-back' : 'renewed',
    generation: outcome.generation ?? null,
    reasons: documented(outcome.reasons),
    changed: outcome.changed,
    served: states.flatMap((state) => served[state].map(({ id, port, consumer }) => ({ id, port, consumer, state }))),
    notes: outcome.notes,
    durationMs: Math.round(durationMs),
  };
}

const serves = {
  current: 'serves the new certificate',
  stale: 'still serves the old one: see certmend check, and restart the service before it expires',
  silent: 'no longer answers',
  ill: 'is no longer healthy',
  refused: 'no longer accepts the certificate of that client',
} as const;

/** One line of what was done, why, and a line for each port that was watched. */
export function renewalText(report: RenewalReport, paper: Paper = plainPaper): string {
  const { decision, generation, reasons, changed, unit, root, durationMs, served, notes } = report;
  const facts = [
    ...(generation === null ? [] : [`generation ${String(generation)}`]),
    `${String(changed.length)} ${changed.length === 1 ? 'file' : 'files'} changed`,
    unit,
    ...rootFact(root),
    `${String(durationMs)} ms`,
  ];
  const head =
    decision === 'renewed'
      ? headLine('renewed while the service runs', 'green', facts, paper)
      : headLine('ROLLED BACK, the old certificates are live again', 'red', facts, paper);
  const ports = served.map(
    ({ id, port, consumer, state }) => `  port ${String(port)} (${consumer}) ${serves[state]}: ${id}\n`,
  );
  const remarks = notes.map((note) => `  ${printable(note)}\n`);
  return [head, reasonLines(reasons, paper), ...ports, ...remarks].join('');
}
