import type { ChildProcess } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';

export interface PowerCuts {
  /** The moments count from when the machine prints this. */
  readonly mark: RegExp;
  /** Milliseconds after the mark, ascending. */
  readonly moments: readonly number[];
  /** Copies the disk as it is while the machine does not run. */
  readonly copy: (n: number) => Promise<void>;
}

/**
 * Several power cuts for the price of one boot. A machine that is stopped between two of its instructions has the disk
 * that it would have if its power failed there: what the guest has not handed to its disk is lost with its memory in
 * both cases. So at each moment the emulator is stopped, its disk copied, and it goes on; at the last it is killed.
 * The clock of the emulated machine stands still meanwhile only as far as the emulator's does, which nothing asks for.
 *
 * @returns false when the machine ended before the last moment
 */
export async function cutPower(machine: ChildProcess, printed: () => string, cuts: PowerCuts): Promise<boolean> {
  const isOn = (): boolean => machine.exitCode === null && machine.signalCode === null;
  while (isOn() && !cuts.mark.test(printed())) await wait(20);
  let passed = 0;
  for (const [n, moment] of cuts.moments.entries()) {
    await wait(moment - passed);
    passed = moment;
    if (!isOn()) return false;
    machine.kill('SIGSTOP');
    await cuts.copy(n);
    machine.kill(n === cuts.moments.length - 1 ? 'SIGKILL' : 'SIGCONT');
  }
  return true;
}
