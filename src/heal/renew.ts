import { firstEnd } from '../assess/row.ts';
import { journalPending } from '../commit/journal.ts';
import { CertmendError, exitStatus } from '../error.ts';
import { adoptLive } from '../generation/material-set.ts';
import type { LeafEntry } from '../layout/entry.ts';
import type { Layout } from '../layout/layout.ts';
import { isOfAgentPart } from '../layout/written-files.ts';
import { decideRenewal, unfit } from '../plan/decide-renewal.ts';
import type { SaidReason } from '../reason.ts';
import type { Outcome } from '../session/outcome.ts';
import { withRecovery } from '../session/recovery.ts';
import type { Session } from '../session/session.ts';
import { telling } from '../session/telling.ts';
import { withSession } from '../session/with-session.ts';
import type { StateRenewal } from '../state/state.ts';
import { withRenewal } from '../state/transitions.ts';
import type { Ports } from '../survey/ports.ts';
import { findLayout, refuseWeakened, type Survey } from '../survey/survey.ts';
import { minute, rfc3339 } from '../time/rfc3339.ts';
import { verifyMaterial } from '../verify/verify-material.ts';
import { renewAgentPart } from './agent/renew-agent-part.ts';
import { settleAgentPart } from './agent/settle-agent-part.ts';
import { askComponents, type ComponentHealth } from './ask-components.ts';
import { execute } from './execute.ts';
import { settleRenewal } from './settle-renewal.ts';
import type { Served, Watched } from './watch-service.ts';

const lockWaitMs = 5000;

/** What came of a renewal: the outcome of its commit, and what the service serves since. */
export interface Renewal {
  readonly outcome: Outcome;
  readonly served: Served;
  /** The old certificates are back: a port that had answered fell silent, or a component that was well is not. */
  readonly rolledBack: boolean;
}

/**
 * Renews certificates under the keys that are there, while the service runs: only certificate files change, each whole at
 * every instant (P12). Then watches the ports that answered before, and asks the components that were well; when one of
 * them falls silent or ill, the old set comes back by the same means, once.
 *
 * Leaves of the agent part are signed by a server of the cluster, and are renewed apart from the others.
 *
 * @param ids leaf entries; empty means every one that certmend may write, and on an agent the agent part
 * @throws CertmendError ServiceStopped, RenewalUnfit (exit 77), AuthorityUnusable, VerificationFailed, …; nothing was
 * changed then. Usage for leaves of both kinds at once
 */
export async function renew(ports: Ports, ids: readonly string[]): Promise<Renewal> {
  const layout = findLayout(ports);
  refuseWeakened(layout);
  const words = ids.map((id) => ` ${id}`).join('');
  const isOfServers = isForAgentPart(layout, ids);
  if (ports.serviceRunning(layout.unit) !== true) {
    throw new CertmendError('ServiceStopped', `${layout.unit} does not run here; nothing was changed`, {
      exit: exitStatus.refused,
      hint: isOfServers
        ? `${layout.product} recreates the agent part at its start: systemctl start ${layout.unit}`
        : `while it is stopped: certmend rotate --reuse-key${words} --yes`,
    });
  }
  if (isOfServers) return telling(ports, () => renewThroughServer(ports, layout, ids));
  return telling(ports, async () => {
    const { outcome, ...open } = await withSession(ports, { layout, lockWaitMs }, (session) =>
      makeLive(session, { ids, phase: 'asked' }),
    );
    const settled = await settleRenewal(ports, layout, open);
    // Nothing stops a person's own command but what ends the process.
    if (settled.is === 'open') throw new TypeError('the watch was stopped by nobody');
    return settled.is === 'rolled-back'
      ? { outcome: settled.outcome, served: settled.served, rolledBack: true }
      : { outcome, served: settled.served, rolledBack: false };
  });
}

/** @throws CertmendError Usage (exit 64) */
function isForAgentPart({ role, entries }: Layout, ids: readonly string[]): boolean {
  if (ids.length === 0) return role === 'agent';
  const agentPart = new Set(entries.filter(isOfAgentPart).map(({ id }) => id));
  const own = ids.find((id) => !agentPart.has(id));
  const other = ids.find((id) => agentPart.has(id));
  if (own !== undefined && other !== undefined) {
    throw new CertmendError('Usage', `${other} is signed by a server of the cluster, and ${own} is not`, {
      exit: exitStatus.usage,
      hint: `certmend renew ${other}; certmend renew ${own}`,
    });
  }
  return other !== undefined;
}

async function renewThroughServer(ports: Ports, layout: Layout, ids: readonly string[]): Promise<Renewal> {
  const { outcome, ...open } = await renewAgentPart(ports, layout, { ids, phase: 'asked' });
  const settled = await settleAgentPart(ports, layout, open);
  // Nothing stops a person's own command but what ends the process.
  if (settled.is === 'open') throw new TypeError('the watch was stopped by nobody');
  return { outcome, served: settled.served, rolledBack: settled.is === 'rolled-back' };
}

/** A renewal that is live and of which it is not known yet whether the node is well with it. */
export interface OpenRenewal {
  readonly outcome: Outcome;
  readonly renewal: StateRenewal;
  readonly watched: Watched;
}

/**
 * Makes new certificates live while the service runs. From the begin on the state says that there is something to watch.
 *
 * @param request.ids leaf entries; empty means every one that certmend may write
 * @param request.reason undefined when a person asks
 * @throws CertmendError RenewalUnfit, AuthorityUnusable, VerificationFailed, …; nothing was changed then
 */
export async function makeLive(
  session: Session,
  request: {
    readonly ids: readonly string[];
    readonly phase: StateRenewal['phase'];
    readonly reason?: SaidReason | undefined;
  },
): Promise<OpenRenewal> {
  const { ports, survey } = session;
  const { layout } = survey;
  const health = await askComponents(ports, survey);
  const plan = decideRenewal({ ...survey, health: health.flatMap(illness) }, request);
  await requireWayBack(session);
  const ids = plan.actions.map(({ id }) => id);
  const watched: Watched = {
    layout,
    answered: [...(survey.served?.keys() ?? [])],
    well: health.flatMap(({ id, answer }) => (answer.is === 'well' ? [id] : [])),
    ids,
  };
  const { answered, well } = watched;
  const held = readAtStart(survey, ids);
  const begun: StateRenewal = {
    generation: null,
    at: rfc3339(survey.assessment.now),
    invocation: ports.unitRun(layout.unit)?.invocation ?? null,
    phase: request.phase,
    end: textOf(firstEnd(survey.assessment, ids)),
    outcome: 'watching',
    answered,
    well,
    heldUntil: textOf(heldUntil(survey, held)),
  };
  const { renewal: before } = session.state();
  session.remember((state) => withRenewal(state, begun));
  try {
    const outcome = await execute(session, plan, {
      reuseKeys: true,
      byPerson: request.reason === undefined,
      whileRunning: true,
      also: (state, generation) => withRenewal(state, { ...begun, generation }),
    });
    const notes = held.map(
      ({ entry, by, notAfter }) =>
        `${by} keeps the certificate of ${entry.id} that it read when it started: restart ${layout.unit} before that one expires (the one that was replaced now: ${minute(notAfter)})`,
    );
    return {
      outcome: withRecovery({ ...outcome, notes: [...outcome.notes, ...notes] }, session.recovered),
      renewal: { ...begun, generation: outcome.generation ?? null },
      watched,
    };
  } catch (error) {
    // An attempt of a person's that failed does not make the daemon forget what it has rolled back.
    forget(
      session,
      before?.outcome === 'rolled-back' && request.phase === 'asked' ? before : { ...begun, outcome: 'failed' },
    );
    throw error;
  }
}

/** What is live now comes back only when it can be proven as it would be then: that is found out before, not after. */
async function requireWayBack({ ports, survey }: Session): Promise<void> {
  const { inventory, assessment } = survey;
  const verdict = await verifyMaterial({
    files: adoptLive(inventory),
    inventory,
    memory: ports.memory,
    now: assessment.now,
    clockIsShifted: ports.clockIsShifted,
    acceptRenewDue: true,
  });
  if (verdict.ok) return;
  const [first] = verdict.failures;
  throw unfit(
    `what is live could not be restored afterwards${first === undefined ? '' : `: ${first.id}: ${first.message}`}`,
    first?.id,
  );
}

/** Nothing went live. With a journal something may yet, and the state goes on to say that there is something to watch. */
function forget(session: Session, known: StateRenewal): void {
  if (journalPending(session.ports.reader)) return;
  session.remember((state) => withRenewal(state, known));
  try {
    session.save();
  } catch {
    // The first error is the one to tell.
  }
}

function textOf(at: number | undefined): string | null {
  return at === undefined ? null : rfc3339(at);
}

interface ReadAtStart {
  readonly entry: LeafEntry;
  readonly by: string;
  readonly notAfter: number;
}

/** What a renewal does not reach: who has read a certificate at its start goes on with that one. */
function readAtStart({ inventory }: Survey, ids: readonly string[]): readonly ReadAtStart[] {
  return inventory.items.flatMap((item): ReadAtStart[] => {
    if (item.kind !== 'leaf' || !ids.includes(item.entry.id)) return [];
    const { entry, certificates } = item;
    const leaf = certificates.ok ? certificates.value[0] : undefined;
    const { readAtStartBy: by } = entry;
    return leaf === undefined || by === undefined ? [] : [{ entry, by, notAfter: leaf.notAfter }];
  });
}

/** Until when those are good, and what such a process holds from before an earlier renewal; ms since the epoch. */
function heldUntil(survey: Survey, held: readonly ReadAtStart[]): number | undefined {
  const ends = [...held.map(({ notAfter }) => notAfter), survey.heldUntil].filter((end) => end !== undefined);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** A client that is refused already is no reason to wait: a renewal can only help it. */
function illness({ asked, port, consumer, answer }: ComponentHealth): readonly string[] {
  return asked === 'component' && answer.is === 'ill'
    ? [`${consumer} is not healthy (port ${String(port)} ${answer.problem})`]
    : [];
}
