import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

/** How certmend.service starts its runtime; systemd/certmend.service says why. */
export const daemonFlags = ['--jitless', '--expose-gc', '--max-semi-space-size=1'];

/** Time for the first check and for the runtime to come to rest, milliseconds. */
const settleMs = 5000;

/**
 * Resident memory of a node program that waits, kilobytes.
 * @param words arguments of node
 */
export async function restingMemory(words: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, words, { stdio: 'ignore' });
  try {
    await setTimeout(settleMs);
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes);
  } finally {
    child.kill('SIGTERM');
  }
}
