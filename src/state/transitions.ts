import type { Assessment, Remembered, RememberedIdentity } from '../assess/assessment.ts';
import { highWaterToleranceMs } from '../assess/believe-clock.ts';
import type { Config } from '../config/config.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { BrakeState } from '../plan/plan.ts';
import {
  bounded,
  bounds,
  type GenerationReference,
  type State,
  type StateEvent,
  type StateNode,
  type StateRenewal,
  type StateTransaction,
} from './state.ts';
import { authoritiesAfter, certificatesAfter } from './certificate-memory.ts';
import { instantOf, rfc3339 } from '../time/rfc3339.ts';

/** What a commit or a standby says of a generation; a manifest has all of it. */
export type GenerationFacts = Pick<GenerationReference, 'number' | 'origin' | 'createdAt' | 'notAfter'>;

/**
 * The state of a node nothing is known of yet.
 * @param now milliseconds since the epoch
 */
export function emptyState(node: StateNode, now: number): State {
  return {
    schema: 1,
    node,
    clock: { highWater: null },
    generations: { next: 1, active: null, standby: null, previous: null, confirmed: null, proof: null },
    certificates: {},
    authorities: {},
    listenerAsked: null,
    transaction: null,
    renewal: null,
    agentRenewal: null,
    authorityRotation: null,
    brake: { commits: [] },
    health: { level: 'ok', since: rfc3339(now), reasons: [] },
    told: null,
    lastCheck: null,
    events: [],
  };
}

/**
 * The state as it may be used on this node. A disk that was cloned or a node that was renamed brings a state whose
 * identities belong to another node: they are forgotten, while what protects (clock, brake, numbers) stays.
 * @param now milliseconds since the epoch
 */
export function ofNode(state: State, node: StateNode, now: number): State {
  if (state.node.machineId === node.machineId && state.node.nodeName === node.nodeName) return { ...state, node };
  const { next } = state.generations;
  const fresh = emptyState(node, now);
  const generations = { ...fresh.generations, next };
  // A rotation is of the cluster's authorities; what it keeps is on this disk, under whatever name the node goes now.
  return {
    ...fresh,
    authorityRotation: state.authorityRotation,
    clock: state.clock,
    brake: state.brake,
    events: state.events,
    generations,
  };
}

/**
 * What is known after a look at the node. The high-water mark moves on a clock that is believed only: one boot in the
 * year 2080 must not make every later, right clock look wrong. It rises; and it comes back to a clock that is believed
 * although it is behind the mark, which is one that is synchronised or that a person vouches for: then the mark was set
 * by a clock that ran ahead, and would hold up the next start for years.
 */
export function afterAssessment(
  state: State,
  seen: { readonly inventory: Inventory; readonly assessment: Assessment },
): State {
  const { inventory, assessment } = seen;
  const { now, clock, health } = assessment;
  const highWater = instantOf(state.clock.highWater);
  const isElsewhere = highWater === undefined || now > highWater || now < highWater - highWaterToleranceMs;
  return {
    ...state,
    clock: { highWater: clock.believed && isElsewhere ? rfc3339(now) : state.clock.highWater },
    certificates: certificatesAfter(state.certificates, inventory, assessment),
    authorities: authoritiesAfter(state.authorities, inventory),
    health: {
      level: health.level,
      since: state.lastCheck !== null && state.health.level === health.level ? state.health.since : rfc3339(now),
      reasons: health.reasons
        .slice(0, bounds.healthReasons)
        .map(({ code, id, message }) => ({ code, id: id ?? null, message: bounded(message) })),
    },
    lastCheck: rfc3339(now),
  };
}

/** What the brake counts of a commit: a whole set, the repairs of these entries, or nothing since a person asked for it. */
export type Counted = 'rotation' | 'nothing' | { readonly repaired: readonly string[] };

/**
 * What is known once a generation is live: it is the active one, the set it replaced can come back, a standby that
 * went live is no longer standing by, and the brake has one more commit to count (P8).
 * @param commit.at milliseconds since the epoch
 * @param commit.active undefined when no leaf material was installed
 * @param commit.previous undefined when the old set could not be kept
 * @param commit.counts what the brake counts of it; a rotation when it is not said
 */
export function afterCommit(
  state: State,
  commit: {
    readonly at: number;
    readonly active: GenerationFacts | undefined;
    readonly previous: GenerationFacts | undefined;
    readonly counts?: Counted | undefined;
  },
): State {
  const { at, active, previous, counts = 'rotation' } = commit;
  const known = state.generations;
  const standsBy = known.standby !== null && known.standby.number !== active?.number;
  return {
    ...state,
    generations: {
      next: Math.max(known.next, (active?.number ?? 0) + 1, (previous?.number ?? 0) + 1),
      active: active === undefined ? known.active : referenceTo(active, rfc3339(at)),
      standby: standsBy ? known.standby : null,
      previous:
        previous === undefined || previous.number === active?.number
          ? known.previous
          : referenceTo(previous, known.active?.number === previous.number ? known.active.committedAt : null),
      confirmed: known.confirmed,
      proof: known.proof,
    },
    transaction: null,
    brake: brakeAfter(state.brake, counts, at),
  };
}

/** Nothing is forgotten of a budget that this commit does not use. */
function brakeAfter(before: State['brake'], counts: Counted, at: number): State['brake'] {
  const commits = counts === 'rotation' ? [...before.commits, rfc3339(at)] : before.commits;
  const repairs = new Map(Object.entries(before.repairs ?? {}));
  if (typeof counts === 'object')
    for (const id of counts.repaired) repairs.set(id, [...(repairs.get(id) ?? []), rfc3339(at)]);
  const recent = [...repairs].map(([id, times]) => [id, recentCommits(times, at)] as const);
  return {
    commits: recentCommits(commits, at),
    repairs: Object.fromEntries(recent.filter(([, times]) => times.length > 0)),
  };
}

function recentCommits(commits: readonly string[], now: number): readonly string[] {
  return commits.filter((commit) => (instantOf(commit) ?? 0) > now - bounds.brakeAgeMs).slice(-bounds.brakeCommits);
}

/** The set that is live, once it is known as a generation; when it went live stays as it was known. */
export function withActive(state: State, active: GenerationFacts): State {
  const known = state.generations.active;
  const committedAt = known?.number === active.number ? known.committedAt : null;
  const next = Math.max(state.generations.next, active.number + 1);
  return { ...state, generations: { ...state.generations, next, active: referenceTo(active, committedAt) } };
}

/**
 * One more attempt of certmend's own that has not come to a commit (yet): those in a row slow the next ones down.
 * @param at milliseconds since the epoch
 */
export function withAttempt(state: State, at: number): State {
  const attempts = [...(state.brake.attempts ?? []), rfc3339(at)].slice(-bounds.brakeAttempts);
  return { ...state, brake: { ...state.brake, attempts } };
}

/**
 * The listener's trigger was written: a certificate that is served later on can be told to be the one it was to replace.
 * @param at milliseconds since the epoch
 */
export function withListenerAsked(state: State, fingerprint256: string, at: number): State {
  return { ...state, listenerAsked: { fingerprint256, at: rfc3339(at) } };
}

/** The open transaction, or null when it is closed. */
export function withTransaction(state: State, transaction: StateTransaction | null): State {
  return { ...state, transaction };
}

/** A renewal of what runs, as far as it has come. A confirmed set is the last one that was seen to work. */
export function withRenewal(state: State, renewal: StateRenewal): State {
  const { outcome, generation } = renewal;
  const confirmed = outcome === 'confirmed' ? generation : state.generations.confirmed;
  return { ...state, renewal, generations: { ...state.generations, confirmed } };
}

/** A renewal of the agent part, as far as it has come. */
export function withAgentRenewal(state: State, agentRenewal: StateRenewal): State {
  return { ...state, agentRenewal };
}

/** The health that was told; after a restart it is no news. */
export function withTold(state: State, { level, reasons }: NonNullable<State['told']>): State {
  return { ...state, told: { level, reasons: reasons.slice(0, bounds.healthReasons) } };
}

/** The generation that stands by, or null when there is none any more. */
export function withStandby(state: State, standby: GenerationFacts | null): State {
  const next = Math.max(state.generations.next, (standby?.number ?? 0) + 1);
  const reference = standby === null ? null : referenceTo(standby, null);
  return { ...state, generations: { ...state.generations, next, standby: reference } };
}

/** The set with this digest under its authorities has held its TLS handshakes. */
export function withProof(state: State, proof: string): State {
  return { ...state, generations: { ...state.generations, proof } };
}

function referenceTo(facts: GenerationFacts, committedAt: string | null): GenerationReference {
  const { number, origin, createdAt, notAfter } = facts;
  return { number, origin, createdAt, committedAt, notAfter };
}

/**
 * One more event, the last 50 kept. The same event again (a start attempt every five seconds says the same thing each
 * time) takes the place of the one before instead of pushing the others out.
 */
export function withEvent(state: State, event: StateEvent): State {
  const last = state.events.at(-1);
  const again =
    last?.event === event.event &&
    last.code === event.code &&
    last.id === event.id &&
    last.generation === event.generation;
  const earlier = again ? state.events.slice(0, -1) : state.events;
  return { ...state, events: [...earlier, { ...event, message: bounded(event.message) }].slice(-bounds.events) };
}

/** What the stages are told of earlier runs; nothing on a first run. */
export function rememberedOf(state: State | undefined): Remembered {
  const identities = new Map<string, RememberedIdentity>();
  for (const [id, { commonName, organizations, dnsNames, ipAddresses }] of Object.entries(state?.certificates ?? {}))
    identities.set(id, { commonName, organizations, dnsNames, ipAddresses });
  const asked = state?.listenerAsked ?? undefined;
  const at = instantOf(asked?.at ?? null);
  const listenerAsked = asked === undefined || at === undefined ? undefined : { ...asked, at };
  return { highWater: instantOf(state?.clock.highWater ?? null), identities, listenerAsked };
}

/** P8: the commits of the last days and how many a day may have. */
export function brakeOf(state: State | undefined, config: Config): BrakeState {
  const instants = (times: readonly string[]): readonly number[] =>
    times.map((time) => instantOf(time)).filter((at) => at !== undefined);
  const commits = instants(state?.brake.commits ?? []);
  const repairs = new Map(Object.entries(state?.brake.repairs ?? {}).map(([id, times]) => [id, instants(times)]));
  return {
    commits,
    repairs,
    attempts: instants(state?.brake.attempts ?? []),
    maxCommitsPerDay: config.brake.maxCommitsPerDay,
  };
}
