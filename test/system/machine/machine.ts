import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Tree } from '../../fixtures/tree.ts';
import { atExit } from '../at-exit.ts';
import { runTo } from '../command.ts';
import { packages } from '../packages.ts';
import { baseRoot } from '../root-image.ts';
import { layNode } from '../systemd/node.ts';
import { cutPower, type PowerCuts } from './power-cuts.ts';

/** A disk of a machine: an ext4 file system in a sparse file. */
export interface Disk {
  readonly image: string;
  /** As it was laid; its root is on the host and does not change. */
  readonly tree: Tree;
}

/** Makes the disk of a node that has certmend installed and was never booted. */
export async function makeDisk(scratch: string): Promise<Disk> {
  const [upper, work, root, image] = ['upper', 'work', 'root', 'disk'].map((name) => join(scratch, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const directory of [work, root]) mkdirSync(directory, { recursive: true });
  const tree = layNode(upper, {});
  const at = (path: string): string => join(upper, path);
  cpSync(join(import.meta.dirname, 'acceptance.sh'), at('usr/local/bin/acceptance'));
  for (const unit of ['acceptance.service', 'fill.service', 'set-clock.service']) {
    cpSync(join(import.meta.dirname, unit), at(`etc/systemd/system/${unit}`));
    symlinkSync(`../${unit}`, at(`etc/systemd/system/multi-user.target.wants/${unit}`));
  }
  mkdirSync(at('srv'), { recursive: true });
  cpSync((await packages()).deb, at('srv/certmend.deb'));
  const overlay = `lowerdir=${await baseRoot()},upperdir=${upper},workdir=${work}`;
  // As images are built: installed where no systemd runs, made into a file system, booted later.
  const script =
    'mount -t overlay overlay -o "$1" "$2" && chroot "$2" dpkg --install /srv/certmend.deb && ' +
    'rm "$2/srv/certmend.deb" && mkfs.ext4 -q -d "$2" "$3" 1500M';
  await runTo(['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', overlay, root, image]);
  return { image, tree };
}

/** A copy, to go another way from here. */
export async function branch(disk: Disk, image: string): Promise<Disk> {
  await copyImage(disk.image, image);
  return { ...disk, image };
}

async function copyImage(from: string, to: string): Promise<void> {
  await runTo(['cp', '--sparse=always', '--reflink=auto', from, to]);
}

export interface Power {
  /** The clock of the machine when it is switched on; milliseconds since the epoch. */
  readonly clock: number;
  /** Seconds that certmend is given to become healthy before the machine is switched off. */
  readonly patience?: number;
  /** What the node's clock is set to once it runs, for instants that the clock of a PC cannot show. */
  readonly setClock?: number;
  /** The disk has no block left when the node's services start. */
  readonly isFull?: boolean;
}

/** Switches a machine on and waits until it has switched itself off. */
export async function powerOn({ image }: Disk, power: Power): Promise<void> {
  const machine = await start(image, power, []);
  const text = printed(machine);
  const status = await ended(machine);
  assert.equal(status, 0, `the machine did not switch itself off:\n${text().slice(-3000)}`);
}

/**
 * Switches a machine on, and the power fails at several moments of its one run.
 * @param name host path of the image that the n-th moment left
 * @returns a disk for each moment
 */
export async function powerFails(
  disk: Disk,
  power: Power,
  cuts: Omit<PowerCuts, 'copy'>,
  name: (n: number) => string,
): Promise<readonly Disk[]> {
  // What the journal hears goes to the serial line too: that is how the moment of the rotation is known out here.
  const machine = await start(disk.image, power, ['systemd.journald.forward_to_console=1']);
  const text = printed(machine);
  const gone = ended(machine);
  const copy = async (n: number): Promise<void> => {
    await copyImage(disk.image, name(n));
  };
  const cut = await cutPower(machine, text, { ...cuts, copy });
  await gone;
  assert.ok(cut, `the machine ended before its power could fail:\n${text().slice(-3000)}`);
  return cuts.moments.map((_, n) => ({ ...disk, image: name(n) }));
}

async function start(
  image: string,
  { clock, patience = 90, setClock, isFull = false }: Power,
  parameters: readonly string[],
): Promise<ChildProcess> {
  const boot = join(await baseRoot(), 'boot');
  const named = (prefix: string): string => join(boot, readdirSync(boot).find((name) => name.startsWith(prefix)) ?? '');
  const kernel = ['root=/dev/vda', 'rw', 'console=ttyS0', 'quiet', 'mitigations=off', ...parameters];
  const wishes = [
    `acceptance.wait=${patience}`,
    ...(isFull ? ['acceptance.fill'] : []),
    ...(setClock === undefined ? [] : [`acceptance.clock=${Math.floor(setClock / 1000)}`]),
  ];
  const hardware = ['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', '1024', '-nic', 'none'];
  const system = [
    '-kernel',
    named('vmlinuz'),
    '-initrd',
    named('initrd.img'),
    '-append',
    [...kernel, ...wishes].join(' '),
  ];
  const disk = ['-drive', `file=${image},if=virtio,format=raw`];
  const time = ['-rtc', `base=${new Date(clock).toISOString().slice(0, 19)}`];
  const line = [...hardware, ...system, ...disk, ...time, '-display', 'none', '-serial', 'stdio', '-no-reboot'];
  return spawn('qemu-system-x86_64', line, { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What the machine has printed on its serial line so far. */
function printed(machine: ChildProcess): () => string {
  let text = '';
  for (const stream of [machine.stdout, machine.stderr]) {
    stream?.setEncoding('utf8').on('data', (more: string) => (text += more));
  }
  return () => text;
}

/** The exit status, null after a signal. A machine that does not end is ended, and so is one that nobody waits for. */
async function ended(machine: ChildProcess): Promise<number | null> {
  const kill = (): void => void machine.kill('SIGKILL');
  const forget = atExit(kill);
  const limit = setTimeout(kill, 300_000);
  const [status] = (await once(machine, 'exit')) as [number | null];
  clearTimeout(limit);
  forget();
  return status;
}

/** What is on the disk now, below a host directory: the node's own files and what `acceptance` has seen. */
export async function readDisk(disk: Disk, directory: string): Promise<Tree> {
  // The file system's own journal first: after a power cut the rest is not to be believed without it.
  const check = ['sh', '-c', 'e2fsck -p "$1" >/dev/null || test $? -le 2', 'sh', disk.image] as const;
  await runTo(check);
  for (const path of ['/var/lib/rancher', '/var/lib/certmend', '/etc/rancher', '/srv']) {
    const parent = join(directory, path, '..');
    mkdirSync(parent, { recursive: true });
    await runTo(['debugfs', '-R', `rdump ${path} ${parent}`, disk.image]);
  }
  for (const path of ['/etc/machine-id', '/etc/hostname']) {
    mkdirSync(join(directory, 'etc'), { recursive: true });
    await runTo(['debugfs', '-R', `dump ${path} ${join(directory, path)}`, disk.image]);
  }
  // debugfs gives links the time of the copy; what they point to is there with its own.
  const protectedPaths = disk.tree.protectedPaths.filter((path) => !/\/(agent|node)-token$/.test(path));
  return { ...disk.tree, protectedPaths, root: directory, host: (path) => join(directory, path) };
}

/** One of the files that `acceptance` wrote. */
export function seen(tree: Tree, name: string): string {
  return readFileSync(tree.host(`/srv/seen/${name}`), 'utf8');
}
