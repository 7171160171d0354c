import { createHash } from 'node:crypto';

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
  const digest = createHash('sha256')
    .update(`${machineId} ${String(count)}`)
    .digest();
  const fraction = digest.readUInt32BE(0) / 0x1_0000_0000;
  return Math.round(Math.min(base, intervalMs) * (0.9 + 0.2 * fraction));
}
