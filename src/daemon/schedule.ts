import { createHash } from 'node:crypto';
import { blamedMs } from '../heal/renew-due.ts';
import { agentDecision, liveDecision, windowsOf } from '../survey/live-decision.ts';
import type { LiveDecision } from '../plan/decide-live.ts';
import type { StateRenewal } from '../state/state.ts';
import type { Ports, UnitRun } from '../survey/ports.ts';
import { instantOf } from '../time/rfc3339.ts';
import { nextOpening } from '../time/maintenance-window.ts';
import type { Check } from './reconcile.ts';
import { savedState } from './saved-state.ts';

/** After a check that could not be made: soon enough to notice that it can be made again. */
const retryMs = 300_000;
/** After a check that found another certmend at work. */
const busyMs = 30_000;
/** After a check that found the one at work that has changed the node: its last save may have been its last word. */
const overtakenMs = 3000;

/** `overtaken`: another certmend that has changed the node was still at work. */
export type CheckEnd = 'checked' | 'failed' | 'busy' | 'overtaken';

/**
 * When to look again. Jittered by up to a tenth either way, so that a rack that booted together does not work in step;
 * derived from the machine and the number of the check, so that a restart or a test gives the same figure.
 *
 * @param input.count number of this check since the daemon started
 * @returns milliseconds
 */
export function nextCheckMs(input: {
  readonly intervalMs: number;
  readonly machineId: string;
  readonly count: number;
  readonly ended: CheckEnd;
}): number {
  const { intervalMs, machineId, count, ended } = input;
  const base = { checked: intervalMs, failed: retryMs, busy: busyMs, overtaken: overtakenMs }[ended];
  const fraction = fractionOf(machineId, count);
  return Math.round(Math.min(base, intervalMs) * (0.9 + 0.2 * fraction));
}

/** So far apart the machines of a rack begin what is due at the same instant on all of them. */
const spreadMs = 300_000;
const soonestMs = 1000;

/**
 * When to look again for something that begins at a known instant, which the usual pace could miss.
 *
 * @param input.inMs from now until then
 * @param input.isStill whether it has not ended so long after now
 * @returns milliseconds
 */
function appointmentMs(input: {
  readonly inMs: number;
  readonly isStill: (afterMs: number) => boolean;
  readonly machineId: string;
}): number {
  const inMs = Math.max(input.inMs, soonestMs);
  const spread = Math.round(inMs + spreadMs * fractionOf(input.machineId, 0));
  return input.isStill(spread) ? spread : inMs;
}

/** From 0 to 1, of this machine: so nodes that start together do something one after the other. */
export function shareOf(machineId: string): number {
  return fractionOf(machineId, 0);
}

function fractionOf(machineId: string, count: number): number {
  const digest = createHash('sha256')
    .update(`${machineId} ${String(count)}`)
    .digest();
  return digest.readUInt32BE(0) / 0x1_0000_0000;
}

/**
 * In how many milliseconds something is to be done for a service that runs, whatever the usual pace of the checks: a
 * maintenance window opens, the last days begin, a renewal is live and its watch did not come to an end, or it is not up yet
 * and something is damaged: whether it hangs on that is seen soon.
 *
 * @returns undefined when there is nothing to be in time for
 */
export function nextAppointment(
  ports: Ports,
  { survey, state }: Check & { readonly kind: 'checked' },
  run: UnitRun,
): number | undefined {
  if (run.state === 'starting') return survey.assessment.health.level === 'critical' ? busyMs : undefined;
  const now = ports.clock.now();
  const known = savedState(ports.reader) ?? state;
  const { set, agentPart } = decisionsOf(ports, { survey, state: known }, now);
  const appointments = [
    appointmentOf(set, known.renewal, ports, now),
    appointmentOf(agentPart, known.agentRenewal, ports, now),
  ].filter((inMs) => inMs !== undefined);
  return appointments.length === 0 ? undefined : Math.min(...appointments);
}

function decisionsOf(
  { config }: Ports,
  { survey, state }: Pick<Check & { readonly kind: 'checked' }, 'survey' | 'state'>,
  now: number,
): { readonly set: LiveDecision; readonly agentPart: LiveDecision } {
  const seen = { inventory: survey.inventory, assessment: { ...survey.assessment, now } };
  return { set: liveDecision(config, seen, state), agentPart: agentDecision(config, seen, state) };
}

/** A renewal has failed, and is tried again after a while. */
export function isPausing(ports: Ports, { survey, state }: Check & { readonly kind: 'checked' }): boolean {
  const known = savedState(ports.reader) ?? state;
  const { set, agentPart } = decisionsOf(ports, { survey, state: known }, ports.clock.now());
  return [set, agentPart].some((decision) => decision.is === 'waiting' && decision.for === 'pause');
}

function appointmentOf(
  decision: LiveDecision,
  renewal: StateRenewal | null,
  ports: Ports,
  now: number,
): number | undefined {
  if (decision.is === 'watching') {
    const age = now - (instantOf(renewal?.at ?? null) ?? 0);
    return age >= 0 && age < blamedMs ? busyMs : undefined;
  }
  const windows = windowsOf(ports.config);
  // Something was in the way: the window closes, or the end comes, before the usual pace finds that it is gone.
  if (decision.is === 'due') return decision.phase === 'emergency' || windows.length > 0 ? retryMs : undefined;
  const at = 'until' in decision ? decision.until : 'from' in decision ? decision.from : undefined;
  if (at === undefined) return undefined;
  const isWindow = decision.is === 'waiting' && decision.for === 'window' && nextOpening(windows, at) === at;
  return appointmentMs({
    inMs: at - now,
    isStill: (afterMs) => !isWindow || nextOpening(windows, now + afterMs) === now + afterMs,
    machineId: ports.host.machineId,
  });
}
