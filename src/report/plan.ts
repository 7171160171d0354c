import type { Restart } from '../assess/assessment.ts';
import type { Layout } from '../layout/layout.ts';
import type { Action, Plan } from '../plan/plan.ts';
import { rfc3339, instantOf } from '../time/rfc3339.ts';
import { apiVersion, documented, type PlanReport } from './document.ts';
import { liveText, type LiveReport } from './live.ts';
import { durationText, wholeSeconds } from '../time/span.ts';
import { headLine, rootFact, reasonLines } from '../terminal/report-lines.ts';
import { type Ink, type Paper, printable } from '../terminal/paper.ts';
import { renderTable, type Column } from '../terminal/table.ts';

/**
 * The `Plan` document of a plan.
 * @param input.at milliseconds since the epoch
 */
export function planReport(input: {
  readonly plan: Plan;
  readonly layout: Pick<Layout, 'name' | 'entries'>;
  readonly root: string;
  readonly at: number;
  readonly unit: string;
  readonly restart?: Restart | undefined;
  readonly liveRenewal?: LiveReport | undefined;
  readonly agentRenewal?: LiveReport | undefined;
}): PlanReport {
  const { plan, layout, root, at, unit, restart } = input;
  return {
    apiVersion,
    kind: 'Plan',
    at: rfc3339(at),
    root,
    layout: layout.name,
    decision: plan.decision,
    unit,
    restartBefore: restart === undefined ? null : rfc3339(restart.before),
    liveRenewal: input.liveRenewal ?? null,
    agentRenewal: input.agentRenewal ?? null,
    source: { kind: plan.source.kind, generation: 'generation' in plan.source ? plan.source.generation : null },
    reasons: documented(plan.reasons),
    actions: plan.actions.map((action) => ({
      kind: action.kind,
      id: action.id,
      path: pathOf(action, layout.entries),
      reason: action.reason,
    })),
  };
}

function pathOf(action: Action, entries: Layout['entries']): string | null {
  switch (action.kind) {
    case 'quarantine':
    case 'write-kubeconfig':
      return action.path;
    case 'regenerate-listener':
      return action.trigger;
    case 'install': {
      const entry = entries.find(({ id }) => id === action.id);
      return entry?.kind === 'leaf' ? entry.certificatePath : null;
    }
  }
}

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

/** The decision in a sentence without its reasons: `would rotate the whole set, from standby generation 7`. */
export function decisionText({ decision, source }: Pick<PlanReport, 'decision' | 'source'>): string {
  return [words[decision].text, ...material(source)].join(', ');
}

/** A plan without a date is read as one that is on its way. */
function when({ actions, unit, restartBefore, liveRenewal, agentRenewal, at }: PlanReport): string {
  const line = (name: string, report: LiveReport | null): string =>
    report === null ? '' : `  ${name}: ${liveText(report, instantOf(at) ?? 0)}\n`;
  const live = `${line('while it runs', liveRenewal)}${line('agent part', agentRenewal)}`;
  if (restartBefore !== null) {
    const now = instantOf(at) ?? 0;
    const before = instantOf(restartBefore) ?? now;
    const term = before < now ? 'now' : `before ${wholeSeconds(restartBefore)} (${durationText(before - now)})`;
    return `  when: at the next start of ${printable(unit)}, which is running: restart it ${term}\n${live}`;
  }
  return actions.length === 0 ? live : `  when: at the next start of ${printable(unit)}\n${live}`;
}

function material(source: PlanReport['source']): readonly string[] {
  const number = source.generation === null ? '' : ` ${String(source.generation)}`;
  if (source.kind === 'none') return [];
  return [source.kind === 'issue' ? 'fresh certificates' : `from ${source.kind} generation${number}`];
}
