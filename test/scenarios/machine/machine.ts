import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { atExit } from '../at-exit.ts';
import { baseRoot } from '../root-image.ts';
import type { Disk } from './disk.ts';
import type { WriteLog } from './write-log.ts';

export interface Power {
  /** The clock of the machine when it is switched on; milliseconds since the epoch. */
  readonly clock: number;
  /** Seconds that certmend is given to become healthy before the machine is switched off; with 0 nobody asks for it. */
  readonly patience?: number;
  /** The disk has no block left when the node's services start. */
  readonly isFull?: boolean;
  /** The second disk, with what its services start in place of the stand-ins (control-plane-drive.ts). */
  readonly drive?: string | undefined;
  /** Takes down all that the machine writes. */
  readonly log?: WriteLog;
  /** Called for each line that the machine prints on its serial line. `cut` makes its power fail, now. */
  readonly onLine?: (line: string, cut: () => void) => void;
}

/** Ends one that hangs; no boot takes so long, whatever else the host has to do. */
const limitMs = 1_800_000;

/** Switches a machine on and waits until it has switched itself off, or its power has failed. */
export async function powerOn(disk: Disk, power: Power): Promise<void> {
  const machine = spawn('qemu-system-x86_64', await commandLine(disk, power), { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void machine.kill('SIGKILL');
  const forget = atExit(kill);
  let [printed, lines, isCut] = ['', 0, false];
  const cut = (): void => {
    isCut = true;
    kill();
  };
  const print = (text: string): void => {
    printed += text;
    const all = printed.split('\n').slice(0, -1);
    for (const line of all.slice(lines)) power.onLine?.(line.trim(), cut);
    lines = all.length;
  };
  machine.stdout.setEncoding('utf8').on('data', print);
  machine.stderr.setEncoding('utf8').on('data', print);
  const limit = setTimeout(kill, limitMs);
  const [status] = (await once(machine, 'exit')) as [number | null];
  clearTimeout(limit);
  forget();
  assert.ok(isCut || status === 0, `the machine did not switch itself off:\n${printed.slice(-3000)}`);
}

/**
 * One processor, so that two machines share a host of two: a boot is a row of things that wait for each other. The
 * plainest model, since what newer ones add is slower to emulate than to do without; and no device that is not used.
 */
async function commandLine(
  { image }: Disk,
  { clock, patience = 90, isFull = false, drive, log }: Power,
): Promise<string[]> {
  const boot = join(await baseRoot(), 'boot');
  const named = (prefix: string): string => join(boot, readdirSync(boot).find((name) => name.startsWith(prefix)) ?? '');
  const words = ['root=/dev/vda', 'rw', 'console=ttyS0', 'quiet', 'mitigations=off', `acceptance.wait=${patience}`];
  if (isFull) words.push('acceptance.fill');
  if (drive !== undefined) words.push('acceptance.control-plane');
  // The kernel takes a hardware clock of 2070 or later for one of the last century; systemd then sets it.
  if (clock >= Date.UTC(2070, 0)) words.push(`systemd.clock_usec=${clock * 1000}`);
  const memory = drive === undefined ? '768' : '2048';
  const file = `driver=file,filename=${image}`;
  return [
    ...['-accel', 'tcg,tb-size=512', '-cpu', 'qemu64', '-smp', '1', '-m', memory, '-nodefaults', '-no-reboot'],
    ...['-kernel', named('vmlinuz'), '-initrd', named('initrd.img'), '-append', words.join(' ')],
    ...['-blockdev', log === undefined ? `${file},node-name=disk` : log.below(file)],
    ...['-device', 'virtio-blk-pci,drive=disk'],
    ...(drive === undefined ? [] : second(drive)),
    // Its time is counted in its own instructions, a nanosecond each more or less: a host that is busy with other things
    // makes a boot longer, and nothing on the machine late. What it sleeps takes as long: were it to pass at once, so would
    // the wait for a slow disk of the host, and a limit of the machine with it.
    ...['-icount', 'shift=1,sleep=on', '-rtc', `base=${new Date(clock).toISOString().slice(0, 19)},clock=vm`],
    ...['-display', 'none', '-serial', 'stdio'],
  ];
}

function second(drive: string): string[] {
  const blockdev = `driver=file,filename=${drive},node-name=drive,read-only=on`;
  return ['-blockdev', blockdev, '-device', 'virtio-blk-pci,drive=drive'];
}
