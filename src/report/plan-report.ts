import type { Restart } from '../assess/assessment.ts';
import type { Layout } from '../layout/layout.ts';
import type { Action, Plan } from '../plan/plan.ts';
import { rfc3339 } from '../state/rfc3339.ts';
import { apiVersion, type PlanReport } from './document.ts';

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
    source: { kind: plan.source.kind, generation: 'generation' in plan.source ? plan.source.generation : null },
    reasons: plan.reasons.map(({ code, id, message }) => ({ code, id: id ?? null, message })),
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
