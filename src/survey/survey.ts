import type { Assessment, ClockBelief, Remembered } from '../assess/assessment.ts';
import { assess } from '../assess/assess.ts';
import type { AssessInput, AssessSettings, Served } from '../assess/context.ts';
import { believeClock } from '../assess/believe-clock.ts';
import { buildDate } from '../build-info.ts';
import { CertmendError, exitStatus } from '../error.ts';
import { parseCertificateDer, type Certificate } from '../x509/certificate.ts';
import type { AuthorityItem, Inventory } from '../inventory/inventory.ts';
import { takeInventory } from '../inventory/take-inventory.ts';
import type { LastKnown, Layout } from '../layout/layout.ts';
import { doneByDays, isAbout, renewableAgentPart } from '../plan/decide-live.ts';
import { brakeFindings } from '../plan/rate-limit.ts';
import { resolveLayout } from '../layout/resolve-layout.ts';
import { backupFindings, type LastBackup, makesBackups, readLastBackup } from '../state/last-backup.ts';
import { loadState, type LoadedState, stateFindings } from '../state/load-state.ts';
import type { StateRenewal } from '../state/state.ts';
import { brakeOf, ofNode, rememberedOf } from '../state/transitions.ts';
import { instantOf } from '../time/rfc3339.ts';
import { dayMs } from '../time/units.ts';
import { withNamesOnDisk } from './names-on-disk.ts';
import { tracesOf } from './node-traces.ts';
import type { Ports } from './ports.ts';
import { stillHeld } from './service-run.ts';

/** The first half of the road: what is on the node now, what is remembered of it, and what is wrong or due. Read-only. */
export interface Survey extends AssessInput {
  /** As it was found out; that of the inventory has the names on disk too, where what was found out is weaker. */
  readonly layout: Layout;
  readonly loaded: LoadedState;
  /** Where the daemon makes backups. */
  readonly lastBackup?: LastBackup | undefined;
  readonly assessment: Assessment;
}

/**
 * @param layout given when it is known already (a rehearsal's copy has no units to detect it from)
 * @throws CertmendError NodeNotFound when no layout can be told; exit 78
 */
export async function survey(ports: Ports, layout: Layout = findLayout(ports)): Promise<Survey> {
  const now = ports.clock.now();
  const first = takeInventory(layout, ports.reader, ports.memory);
  const inventory =
    layout.weakened === undefined ? first : takeInventory(withNamesOnDisk(layout, first), ports.reader, ports.memory);
  const loaded = loadState(ports.reader);
  const remembered = rememberedHere(loaded, ports, layout, now);
  const clock = clockBelief(ports, { inventory, remembered }, now);
  const serviceRunning = ports.serviceRunning(layout.unit);
  const lastBackup = makesBackups(ports.config) ? readLastBackup(ports.reader) : undefined;
  const input: AssessInput = {
    inventory,
    now,
    clock,
    remembered,
    settings: {
      renewBeforeDays: ports.config.renewal.renewBeforeDays ?? layout.productRenewDays,
      leafCriticalDays: ports.config.renewal.criticalDays,
      authorityWarningDays: ports.config.authority.warningDays,
      authorityCriticalDays: ports.config.authority.criticalDays,
      acknowledged: ports.config.check.acknowledged,
      live: liveOf(ports, loaded, now),
      liveAgentPart: liveAgentPartOf(ports, inventory, loaded, now),
    },
    serviceRunning,
    heldUntil: serviceRunning === true ? stillHeld(ports, layout, renewalOf(loaded)) : undefined,
    served: serviceRunning === true ? await servedOn(portsOf(layout), ports) : undefined,
    traces: tracesOf(ports, layout, loaded),
    extraFindings: [
      ...brakeFindings(brakeOf(loaded.kind === 'loaded' ? loaded.state : undefined, ports.config), now),
      ...stateFindings(loaded),
      ...backupFindings(ports.config, lastBackup, now),
    ],
  };
  return { ...input, layout, loaded, lastBackup, assessment: assess(input) };
}

/** Longer than two checks are apart: after that nobody is known to look after the node. */
const lookedAfterMs = 3 * dayMs;

/**
 * What the daemon does for a service that runs; nothing where that was taken back, and the old set is the live one since, or
 * where no daemon is known to be at work.
 */
function liveOf(ports: Ports, loaded: LoadedState, now: number): AssessSettings['live'] {
  const { live, maintenance } = ports.config;
  if (!isDaemonAtWork(ports, loaded, now)) return undefined;
  const renewal = renewalOf(loaded);
  const active = loaded.kind === 'loaded' ? (loaded.state.generations.active?.number ?? 0) : 0;
  const isTakenBack = renewal?.outcome === 'rolled-back' && active < (renewal.generation ?? 0);
  if (!live.enabled || isTakenBack) return undefined;
  return { doneByDays: doneByDays(live, maintenance.windows.length > 0) };
}

function liveAgentPartOf(
  ports: Ports,
  inventory: Inventory,
  loaded: LoadedState,
  now: number,
): AssessSettings['liveAgentPart'] {
  const { live, maintenance } = ports.config;
  const renewal = loaded.kind === 'loaded' ? loaded.state.agentRenewal : null;
  // What the product has made anew since is another part than the one that was taken back.
  const isTakenBack = renewal?.outcome === 'rolled-back' && isStillThere(renewal, inventory);
  if (!live.enabled || isTakenBack || !isDaemonAtWork(ports, loaded, now)) return undefined;
  return { doneByDays: doneByDays(live, maintenance.windows.length > 0) };
}

/** Is a certificate of the agent part here that ends when those ended that the renewal was for? */
function isStillThere({ end }: StateRenewal, inventory: Inventory): boolean {
  const then = instantOf(end);
  if (then === undefined) return true;
  return renewableAgentPart(inventory).some(
    ({ certificates }) => certificates.ok && isAbout({ end: then }, certificates.value[0]?.notAfter),
  );
}

/** This is the daemon, or one is known to be at work; a rehearsed instant takes it that one is. */
function isDaemonAtWork(ports: Ports, loaded: LoadedState, now: number): boolean {
  return ports.isDaemon === true || ports.clockIsShifted || isLookedAfter(loaded, now);
}

function isLookedAfter(loaded: LoadedState, now: number): boolean {
  const lastCheck = loaded.kind === 'loaded' ? instantOf(loaded.state.lastCheck) : undefined;
  return lastCheck !== undefined && Math.abs(now - lastCheck) < lookedAfterMs;
}

function renewalOf(loaded: LoadedState): StateRenewal | null {
  return loaded.kind === 'loaded' ? loaded.state.renewal : null;
}

/**
 * Whether an instant is believed, by what an earlier look has found on the node: reads no file of it.
 * @param now milliseconds since the epoch
 */
export function clockBelief(
  ports: Ports,
  { inventory, remembered }: Pick<Survey, 'inventory' | 'remembered'>,
  now: number,
): ClockBelief {
  return believeClock({
    now,
    buildDate,
    highWater: remembered.highWater,
    authorities: authorityBounds(inventory),
    synchronisation: ports.synchronisation(),
    maxOfflineGapDays: ports.config.clock.maxOfflineGapDays,
    operatorBelieves: ports.operatorBelieves,
  });
}

/** Every port where something of the layout is served, once. */
function portsOf({ entries }: Layout): ReadonlySet<number> {
  return new Set(
    entries.flatMap((entry) => {
      const port = entry.kind === 'leaf' || entry.kind === 'listener' ? entry.port : undefined;
      return port === undefined ? [] : [port];
    }),
  );
}

/** What the running service serves, all ports at once: together they take no longer than the slowest. */
async function servedOn(served: ReadonlySet<number>, { servedChain }: Ports): Promise<Served> {
  const answers = await Promise.all(
    [...served].map(async (port): Promise<readonly [number, readonly Certificate[]][]> => {
      const chain = await servedChain(port);
      if (chain === undefined) return [];
      const certificates = chain.map((der) => parseCertificateDer(der));
      // A certificate that cannot be read is none that could be compared.
      return [[port, certificates.flatMap((read) => (read.ok ? [read.value] : []))]];
    }),
  );
  return new Map(answers.flat());
}

/** A cloned disk brings another node's names: they are not this node's to keep. */
function rememberedHere(loaded: LoadedState, ports: Ports, layout: Layout, now: number): Remembered {
  switch (loaded.kind) {
    case 'loaded': {
      const node = {
        machineId: ports.host.machineId,
        nodeName: layout.nodeName,
        layout: layout.name,
        dataDir: layout.dataDir,
      };
      return rememberedOf(ofNode(loaded.state, node, now));
    }
    case 'newer':
      return loaded.known;
    case 'absent':
    case 'unread':
    case 'damaged':
      return rememberedOf(undefined);
  }
}

export function findLayout(ports: Ports): Layout {
  const strict = resolveLayout(ports.hints, ports.reader, ports.host);
  // The state is read a second time only on a node that needs it.
  const answer = strict.ok
    ? strict
    : resolveLayout(ports.hints, ports.reader, ports.host, { lastKnown: lastKnownOf(ports) });
  if (!answer.ok)
    throw new CertmendError('NodeNotFound', answer.problem, { hint: answer.hint, exit: exitStatus.configuration });
  return answer.layout;
}

function lastKnownOf(ports: Ports): LastKnown | undefined {
  const loaded = loadState(ports.reader);
  if (loaded.kind !== 'loaded' || loaded.state.node.machineId !== ports.host.machineId) return undefined;
  const { layout, dataDir, nodeName } = loaded.state.node;
  return { layout, dataDir, nodeName };
}

/**
 * Refuses what a person or the daemon would make ahead of time: without the configuration a set lacks names.
 *
 * @throws CertmendError NodeNotFound (exit 78)
 */
export function refuseWeakened({ weakened }: Layout): void {
  if (weakened === undefined) return;
  throw new CertmendError('NodeNotFound', weakened.problem, {
    hint: `${weakened.hint} Nothing was changed.`,
    exit: exitStatus.configuration,
  });
}

function authorityBounds(inventory: Inventory): readonly { id: string; notBefore: number; notAfter: number }[] {
  return inventory.items
    .filter((item): item is AuthorityItem => item.kind === 'authority' && item.entry.copyOf === undefined)
    .flatMap(({ entry, certificates }) => {
      const first = certificates.ok ? certificates.value[0] : undefined;
      return first === undefined ? [] : [{ id: entry.id, notBefore: first.notBefore, notAfter: first.notAfter }];
    });
}
