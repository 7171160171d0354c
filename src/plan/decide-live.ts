import type { Assessment } from '../assess/assessment.ts';
import { mountInTheWay } from '../assess/mounts.ts';
import { issuersOf } from '../assess/issuer.ts';
import { isWorthReplacing } from '../assess/rules/leaf/validity.ts';
import type { Inventory, LeafItem } from '../inventory/inventory.ts';
import type { LeafEntry } from '../layout/entry.ts';
import { isOfAgentPart } from '../layout/written-files.ts';
import { nextOpening, type MaintenanceWindow } from '../time/maintenance-window.ts';
import { dayMs, hourMs } from '../time/units.ts';
import { writablePairs } from './pairs.ts';
import { brakeEngaged } from './rate-limit.ts';
import type { BrakeState } from './plan.ts';

/** `usual`: in a maintenance window, where there are any; `emergency`: so little is left that it waits for none. */
export type LivePhase = 'usual' | 'emergency';

/** What the daemon does about certificates of a service that runs, and when. Times in milliseconds since the epoch. */
export type LiveDecision =
  /** It is switched off, or certmend could renew nothing here. */
  | { readonly is: 'off' }
  /** New certificates are live, and it is being watched whether the node is well with them. */
  | { readonly is: 'watching' }
  /** Nothing is due; at `from` something will be. */
  | { readonly is: 'ahead'; readonly from: number; readonly first: string }
  | {
      readonly is: 'due';
      readonly phase: LivePhase;
      readonly first: string;
      readonly end: number;
      readonly ids: readonly string[];
    }
  /** It is due, and waits for a window, for the day's budget, or after an attempt that failed. */
  | {
      readonly is: 'waiting';
      readonly until: number;
      readonly for: 'window' | 'budget' | 'pause';
      readonly first: string;
      readonly end: number;
    }
  /** It was taken back once, and is not done again before `until` (undefined: by no daemon). */
  | { readonly is: 'given-up'; readonly until: number | undefined; readonly first: string; readonly end: number };

/** What an earlier renewal came to. */
export interface LastRenewal {
  readonly phase: LivePhase | 'asked';
  /** The end that was near then; undefined where a person asked. */
  readonly end: number | undefined;
  readonly at: number;
  readonly outcome: 'watching' | 'confirmed' | 'rolled-back' | 'unconfirmed' | 'failed';
}

export interface LiveSettings {
  readonly enabled: boolean;
  readonly renewBeforeDays: number;
  readonly emergencyBeforeDays: number;
}

/** After an attempt that failed: what was in its way may be gone by then. */
const pauseMs = 6 * hourMs;
/** The same when there is little time left. */
const emergencyPauseMs = hourMs;

/** So many days after it was due a renewal is overdue; a component that is ill for an hour is no reason to call anybody. */
const overdueDays = 3;
/** The same once it waits for no window any more. */
const emergencyGraceDays = 0.5;

/**
 * With so many days left a renewal has been done, or something is in its way: a person is to know of that in time. Without
 * windows it is done on the day that it is due.
 */
export function doneByDays({ renewBeforeDays, emergencyBeforeDays }: LiveSettings, hasWindows: boolean): number {
  return Math.max(hasWindows ? 0 : renewBeforeDays - overdueDays, emergencyBeforeDays - emergencyGraceDays);
}

interface LiveInput {
  readonly inventory: Inventory;
  readonly assessment: Pick<Assessment, 'rows'>;
  readonly now: number;
  readonly settings: LiveSettings;
  readonly windows: readonly MaintenanceWindow[];
  readonly last: LastRenewal | undefined;
}

/** Pure: the same node, clock and history give the same decision. Whether the node is sound enough is for decideRenewal. */
export function decideLive(input: LiveInput & { readonly brake: BrakeState }): LiveDecision {
  const issuable = writablePairs(input.inventory, input.now).filter((pair) => pair.issuable);
  return decideFor(
    issuable.map(({ entry }) => entry),
    input,
    input.brake,
  );
}

/**
 * The same for the agent part, which a server of the cluster signs: no key of an authority is needed here, and none of the
 * budget for rotations is used.
 */
export function decideAgentPart(input: LiveInput): LiveDecision {
  return decideFor(
    renewableAgentPart(input.inventory).map(({ entry }) => entry),
    input,
  );
}

/** Leaves of the agent part that a server can sign again: the key is here, and a certificate that can be read. */
export function renewableAgentPart({ items, mounted }: Pick<Inventory, 'items' | 'mounted'>): readonly LeafItem[] {
  return items.filter((item): item is LeafItem => {
    if (item.kind !== 'leaf' || !isOfAgentPart(item.entry)) return false;
    if (mountInTheWay(item.entry.certificatePath, item.certificateFile, mounted) !== undefined) return false;
    const { key, keyFile, certificates, certificateFile } = item;
    return key.ok && keyFile.state === 'regular' && certificates.ok && certificateFile.state === 'regular';
  });
}

function decideFor(
  entries: readonly LeafEntry[],
  { inventory, assessment, now, settings, windows, last }: LiveInput,
  brake?: BrakeState,
): LiveDecision {
  if (last?.outcome === 'watching') return { is: 'watching' };
  if (!settings.enabled) return { is: 'off' };
  const issuers = issuersOf(inventory, now);
  const ends = new Map(assessment.rows.map(({ id, effectiveNotAfter }) => [id, effectiveNotAfter]));
  const able = entries.flatMap(({ id, issuer }) => {
    const end = ends.get(id);
    const authorityEnd = issuers.get(issuer)?.end;
    const isWorthwhile = end !== undefined && authorityEnd !== undefined && isWorthReplacing(end, authorityEnd);
    return isWorthwhile ? [{ id, end }] : [];
  });
  const [nearest] = able.toSorted((left, right) => left.end - right.end);
  if (nearest === undefined) return { is: 'off' };
  const { id: first, end } = nearest;
  // How long one lasts that certmend issues is for its own settings to say.
  const life = brake === undefined ? knownLife(end, last) : Number.POSITIVE_INFINITY;
  const { renewBeforeMs, emergencyBeforeMs } = windowOf(life, settings);
  const from = end - renewBeforeMs;
  if (now < from) return { is: 'ahead', from, first };
  const emergencyFrom = end - emergencyBeforeMs;
  const phase: LivePhase = now < emergencyFrom ? 'usual' : 'emergency';
  if (last !== undefined && isAbout(last, end)) {
    // A person who takes it back in the last days has the last word.
    const isLast = last.phase === 'emergency' || (last.phase === 'asked' && last.at >= emergencyFrom);
    if (last.outcome === 'rolled-back' && (isLast || phase === 'usual'))
      return { is: 'given-up', until: isLast ? undefined : emergencyFrom, first, end };
    const pause = phase === 'usual' ? pauseMs : emergencyPauseMs;
    const since = now - last.at;
    if (last.outcome === 'failed' && since >= 0 && since < pause)
      return { is: 'waiting', until: last.at + pause, for: 'pause', first, end };
  }
  if (brake !== undefined && brakeEngaged(brake, now))
    return { is: 'waiting', until: now + hourMs, for: 'budget', first, end };
  const opening = phase === 'emergency' || windows.length === 0 ? now : nextOpening(windows, now);
  if (opening !== now)
    return { is: 'waiting', until: Math.min(opening ?? emergencyFrom, emergencyFrom), for: 'window', first, end };
  return { is: 'due', phase, first, end, ids: able.map(({ id }) => id) };
}

/** From when a server signed it: its notBefore is that of the authority where the product is older (products 0), and says nothing of it. */
function knownLife(end: number, last: LastRenewal | undefined): number {
  const isLive = last?.outcome === 'confirmed' || last?.outcome === 'unconfirmed';
  // A person may have had others renewed than the one that ends first, and that one is about the same end as then.
  return isLive && !isAbout(last, end) && end > last.at ? end - last.at : Number.POSITIVE_INFINITY;
}

/**
 * What a server signs for less than the usual year is not renewed again and again: a third of its life is left at the
 * earliest, a sixth when it waits for no window.
 */
function windowOf(
  life: number,
  { renewBeforeDays, emergencyBeforeDays }: LiveSettings,
): { readonly renewBeforeMs: number; readonly emergencyBeforeMs: number } {
  return {
    renewBeforeMs: Math.min(renewBeforeDays * dayMs, life / 3),
    emergencyBeforeMs: Math.min(emergencyBeforeDays * dayMs, life / 6),
  };
}

/** The same set as then: whatever has been replaced since has another end. */
export function isAbout(last: Pick<LastRenewal, 'end'>, end: number | undefined): boolean {
  return last.end !== undefined && end !== undefined && Math.abs(last.end - end) < 1000;
}
