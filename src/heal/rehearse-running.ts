import { CertmendError, exitStatus } from '../error.ts';
import type { FileReader } from '../disk/file-reader.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { takeInventory } from '../inventory/take-inventory.ts';
import type { Layout } from '../layout/layout.ts';
import type { LiveDecision, LivePhase } from '../plan/decide-live.ts';
import type { Outcome } from '../session/outcome.ts';
import { withSession } from '../session/with-session.ts';
import type { State, StateRenewal } from '../state/state.ts';
import { withRenewal } from '../state/transitions.ts';
import { agentDecision, liveDecision, windowsOf } from '../survey/live-decision.ts';
import type { Ports } from '../survey/ports.ts';
import { refuseWeakened, survey, type Survey } from '../survey/survey.ts';
import { nextOpening } from '../time/maintenance-window.ts';
import { rfc3339 } from '../time/rfc3339.ts';
import { dayMs, minuteMs } from '../time/units.ts';
import { failureOf, inCopy, type Scratch } from './rehearse.ts';
import { makeDueLive } from './renew-due.ts';

const lockWaitMs = 2000;

/** A set that is due again as soon as it is live is renewed every day: a rehearsal does not go on like this for ever. */
const mostRenewals = 32;
/** Each of them with what it may wait for: a window, the day's budget, a pause. */
const mostSteps = 30 * mostRenewals;

/** When the daemon renews, from what is on the node now. Milliseconds since the epoch. */
export interface Appointment {
  /** The entry that expires first of those that can be renewed, and when. */
  readonly first: string;
  readonly end: number;
  /** Due from here on. */
  readonly from: number;
  /** From here on it waits for no window. */
  readonly emergencyFrom: number;
  /** When it is done: in the first window, if there are any. Undefined when no daemon does it any more. */
  readonly at: number | undefined;
}

/** One renewal, as the daemon would do it; up to its gate, which needs the service. */
export interface RehearsedRenewal {
  readonly at: number;
  readonly phase: LivePhase;
  /** Undefined when it would be refused, or failed; `failure` says why. */
  readonly outcome: Outcome | undefined;
  readonly failure: CertmendError | undefined;
  /** Of the changed files, those that are written over in place. */
  readonly inPlace: readonly string[];
}

/** What the daemon would do until an instant, under a service that is not restarted. */
export interface RunningRehearsal {
  /** The beginning and the end of the rehearsal. */
  readonly now: number;
  readonly at: number;
  readonly layout: Layout;
  /** What was asked of the service itself, now. */
  readonly service: {
    readonly running: boolean | undefined;
    /** Ports that answered in TLS; undefined when none was asked. */
    readonly answering: readonly number[] | undefined;
  };
  /** Of now. */
  readonly decision: LiveDecision;
  readonly appointment: Appointment | undefined;
  readonly nextWindow: number | undefined;
  /** The daemon has a server of the cluster renew the agent part, which nobody is asked for here. */
  readonly isAgentPartRenewed: boolean;
  readonly last: StateRenewal | null;
  readonly renewals: readonly RehearsedRenewal[];
  /** When there were too many: what comes after this instant was not rehearsed. */
  readonly stoppedAt: number | undefined;
  /** The node at the end if nothing was renewed, and as it would be. */
  readonly before: Survey;
  readonly after: Survey;
}

/**
 * Lets the daemon's renewals happen in a scratch copy of the node, one after the other from now until the scratch's own
 * instant: the real decision, issuing with the existing keys, handshakes and commit, in place where the node's would be.
 * Nobody is asked to renew anything.
 *
 * What only the service could answer is taken as it has to be for a renewal: it runs on in the start that it is in, its ports
 * answer with what is on the disk, and the node is well with each new set. The report says so.
 *
 * @throws CertmendError Usage when the scratch's instant is past, NodeNotFound when the product's configuration cannot be read
 */
export function rehearseRunning(ports: Ports, scratch: () => Promise<Scratch>): Promise<RunningRehearsal> {
  return inCopy(ports, scratch, async (copy, here) => {
    const { layout } = here;
    refuseWeakened(layout);
    const start = here.assessment.now;
    const at = copy.clock.now();
    if (at < start - minuteMs) {
      throw new CertmendError('Usage', `${rfc3339(at)} is past: what runs is rehearsed from now on`, {
        exit: exitStatus.usage,
        hint: 'certmend rehearse without --running looks at any time',
      });
    }
    const { there, goTo } = running(copy, ports, here);
    goTo(at);
    const before = await survey(there, layout);
    goTo(start);
    const now = await survey(there, layout);
    const decision = liveDecision(ports.config, now, stateOf(now));
    const { renewals, stoppedAt } = await renewUntil(at, { there, goTo, layout });
    goTo(at);
    return {
      now: start,
      at,
      layout,
      service: {
        running: here.serviceRunning,
        answering: here.served === undefined ? undefined : [...here.served.keys()],
      },
      decision,
      appointment: appointmentOf(decision, now, ports),
      nextWindow: nextOpening(windowsOf(ports.config), start),
      isAgentPartRenewed: isRenewedByServer(agentDecision(ports.config, now, stateOf(now))),
      last: stateOf(now)?.renewal ?? null,
      renewals,
      stoppedAt,
      before,
      after: await survey(there, layout),
    };
  });
}

function isRenewedByServer({ is }: LiveDecision): boolean {
  return is !== 'off' && is !== 'given-up';
}

/** Ports of the copy under a service that runs, whose clock goes where it is told to. */
function running(
  copy: Ports,
  ports: Ports,
  here: Survey,
): { readonly there: Ports; readonly goTo: (at: number) => void } {
  const { layout } = here;
  let offset = 0;
  const invocation = stateOf(here)?.renewal?.invocation ?? 'rehearsed';
  const run = ports.unitRun(layout.unit) ?? { invocation, state: 'up', forMs: dayMs };
  return {
    there: {
      ...copy,
      clock: { ...copy.clock, now: () => copy.clock.now() + offset },
      // The daemon looks every hour: it is never long since it knew the time.
      config: { ...copy.config, clock: { ...copy.config.clock, maxOfflineGapDays: Number.POSITIVE_INFINITY } },
      synchronisation: ports.synchronisation,
      isDaemon: true,
      serviceRunning: () => true,
      unitRun: () => run,
      servedChain: (port) => Promise.resolve(onDisk(port, layout, copy.reader)),
    },
    goTo: (at) => {
      offset = at - copy.clock.now();
    },
  };
}

async function renewUntil(
  at: number,
  { there, goTo, layout }: { readonly there: Ports; readonly goTo: (at: number) => void; readonly layout: Layout },
): Promise<Pick<RunningRehearsal, 'renewals' | 'stoppedAt'>> {
  const renewals: RehearsedRenewal[] = [];
  for (let step = 0; step < mostSteps; step += 1) {
    const seen = await survey(there, layout);
    const decision = liveDecision(there.config, seen, stateOf(seen));
    if (decision.is === 'watching') {
      await assumeWell(there, layout);
      continue;
    }
    if (decision.is === 'due') {
      if (renewals.length === mostRenewals) break;
      const renewal = await renewOnce(there, layout, decision.phase);
      if (renewal !== undefined) renewals.push(renewal);
      // What is refused now is tried again, and nothing in the copy changes until then.
      if (renewal?.failure !== undefined) return { renewals, stoppedAt: undefined };
      continue;
    }
    const next = 'from' in decision ? decision.from : 'until' in decision ? decision.until : undefined;
    if (next === undefined || next > at) return { renewals, stoppedAt: undefined };
    goTo(next);
  }
  return { renewals, stoppedAt: there.clock.now() };
}

/** @returns undefined when it is due no more: time goes on, and a window is over */
async function renewOnce(there: Ports, layout: Layout, phase: LivePhase): Promise<RehearsedRenewal | undefined> {
  const at = there.clock.now();
  try {
    const open = await makeDueLive(there, layout);
    if (open === undefined) return undefined;
    const { outcome } = open;
    const mounted = new Set(
      layout.entries.flatMap((entry) =>
        entry.kind === 'leaf' && entry.writeMode === 'in-place' ? [entry.certificatePath] : [],
      ),
    );
    const inPlace = outcome.changed.filter((path) => mounted.has(path));
    return { at, phase, outcome, failure: undefined, inPlace };
  } catch (error) {
    return { at, phase, outcome: undefined, failure: failureOf(error), inPlace: [] };
  }
}

/** The gate cannot be rehearsed. A renewal that was cut off before it had a generation never went live. */
async function assumeWell(there: Ports, layout: Layout): Promise<void> {
  await withSession(there, { layout, lockWaitMs }, (session) => {
    const { renewal } = session.state();
    if (renewal?.outcome !== 'watching') return Promise.resolve();
    const outcome = renewal.generation === null ? 'failed' : 'confirmed';
    session.remember((state) => withRenewal(state, { ...renewal, outcome }));
    session.save();
    return Promise.resolve();
  });
}

/** @returns undefined when nothing can be renewed, or it is being watched already */
function appointmentOf(decision: LiveDecision, { assessment }: Survey, { config }: Ports): Appointment | undefined {
  if (!('first' in decision)) return undefined;
  const { first } = decision;
  const end = assessment.rows.find(({ id }) => id === first)?.effectiveNotAfter;
  if (end === undefined) return undefined;
  const from = end - config.live.renewBeforeDays * dayMs;
  const emergencyFrom = end - config.live.emergencyBeforeDays * dayMs;
  const known = { first, end, from, emergencyFrom };
  switch (decision.is) {
    case 'ahead': {
      const opening = nextOpening(windowsOf(config), from) ?? from;
      return { ...known, at: Math.min(opening, emergencyFrom) };
    }
    case 'due':
      return { ...known, at: assessment.now };
    case 'waiting':
    case 'given-up':
      return { ...known, at: decision.until };
  }
}

/** What a port serves whose process has read its file. */
function onDisk(port: number, layout: Layout, reader: FileReader): readonly Buffer[] | undefined {
  const entries = layout.entries.filter(
    (entry) => (entry.kind === 'leaf' || entry.kind === 'listener') && entry.port === port,
  );
  const { items } = takeInventory({ ...layout, entries }, reader);
  return items.map(chainOf).find((chain) => chain !== undefined);
}

function chainOf(item: Inventory['items'][number]): readonly Buffer[] | undefined {
  if (item.kind === 'leaf' && item.certificates.ok) return item.certificates.value.map(({ der }) => der);
  if (item.kind === 'listener' && item.document.ok) return item.document.value.certificates.map(({ der }) => der);
  return undefined;
}

function stateOf({ loaded }: Survey): State | undefined {
  return loaded.kind === 'loaded' ? loaded.state : undefined;
}
