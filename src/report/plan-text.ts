import type { PlanReport } from './document.ts';
import { instantOf } from '../state/rfc3339.ts';
import { durationText, wholeSeconds } from './duration.ts';
import { headLine, rootFact } from './head-line.ts';
import type { Ink, Paper } from './paper.ts';
import { printable } from './printable.ts';
import { reasonLines } from './reason-lines.ts';
import { type Column, renderTable } from './table.ts';

const columns: readonly Column[] = [
  { title: 'ACTION' },
  { title: 'ENTRY', least: 20 },
  { title: 'REASON' },
  { title: 'PATH', least: 24, rank: 1 },
];

const words: Readonly<Record<PlanReport['decision'], { readonly text: string; readonly ink: Ink }>> = {
  'nothing-to-do': { text: 'nothing to do', ink: 'green' },
  rotate: { text: 'would rotate the whole set', ink: 'yellow' },
  repair: { text: 'would repair', ink: 'yellow' },
  deferred: { text: 'deferred: something else must come first', ink: 'yellow' },
  refused: { text: 'REFUSED', ink: 'red' },
};

/** The human form of a `Plan`: the decision, why, and each action. */
export function planText(report: PlanReport, paper: Paper): string {
  const { decision, source, actions, reasons, layout, root, at } = report;
  const { text: verdict, ink } = words[decision];
  const head = headLine(verdict, ink, [...material(source), layout, ...rootFact(root), wholeSeconds(at)], paper);
  const why = reasons.length === 0 ? '' : `\n${reasonLines(reasons, paper)}`;
  const rows = actions.map(({ kind, id, reason, path }) => [
    { text: kind },
    { text: id },
    { text: reason },
    { text: path ?? '' },
  ]);
  return `${head}${when(report)}${why}${rows.length === 0 ? '' : `\n${renderTable(columns, rows, paper)}`}`;
}

/** A plan without a date is read as one that is on its way. */
function when({ actions, unit, restartBefore, at }: PlanReport): string {
  if (restartBefore !== null) {
    const now = instantOf(at) ?? 0;
    const before = instantOf(restartBefore) ?? now;
    const term = before < now ? 'now' : `before ${wholeSeconds(restartBefore)} (${durationText(before - now)})`;
    return `  when: at the next start of ${printable(unit)}, which runs: restart it ${term}\n`;
  }
  return actions.length === 0 ? '' : `  when: at the next start of ${printable(unit)}\n`;
}

function material(source: PlanReport['source']): readonly string[] {
  const number = source.generation === null ? '' : ` ${String(source.generation)}`;
  if (source.kind === 'none') return [];
  return [source.kind === 'issue' ? 'fresh certificates' : `from ${source.kind} generation${number}`];
}
