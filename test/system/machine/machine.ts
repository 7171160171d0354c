import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Tree } from '../../fixtures/tree.ts';
import { runTo } from '../command.ts';
import { packages } from '../packages.ts';
import { baseRoot } from '../root-image.ts';
import { layNode } from '../systemd/node.ts';

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
  mkdirSync(at('etc/systemd/system/rke2-server.service.d'), { recursive: true });
  cpSync(join(import.meta.dirname, 'acceptance.sh'), at('usr/local/bin/acceptance'));
  cpSync(join(import.meta.dirname, 'acceptance.service'), at('etc/systemd/system/acceptance.service'));
  cpSync(join(import.meta.dirname, 'mark.conf'), at('etc/systemd/system/rke2-server.service.d/05-mark.conf'));
  cpSync(join(import.meta.dirname, 'fill.service'), at('etc/systemd/system/fill.service'));
  symlinkSync('../fill.service', at('etc/systemd/system/multi-user.target.wants/fill.service'));
  symlinkSync('../acceptance.service', at('etc/systemd/system/multi-user.target.wants/acceptance.service'));
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
  await runTo(['cp', '--sparse=always', '--reflink=auto', disk.image, image]);
  return { ...disk, image };
}

export interface Power {
  /** The clock of the machine when it is switched on; milliseconds since the epoch. */
  readonly clock: number;
  /** Seconds that certmend is given to become healthy before the machine is switched off. */
  readonly patience?: number;
  /** The disk has no block left when the node's services start. */
  readonly isFull?: boolean;
  /** The power fails so many milliseconds after the console said `rotation begins`. */
  readonly cutAfter?: number;
}

/**
 * Switches a machine on and waits until it has switched itself off, or its power has failed.
 * @returns what it printed on its serial line
 */
export async function powerOn(
  { image }: Disk,
  { clock, patience = 90, isFull = false, cutAfter }: Power,
): Promise<string> {
  const boot = join(await baseRoot(), 'boot');
  const named = (prefix: string): string => join(boot, readdirSync(boot).find((name) => name.startsWith(prefix)) ?? '');
  const append = `root=/dev/vda rw console=ttyS0 quiet mitigations=off acceptance.wait=${patience}${isFull ? ' acceptance.fill' : ''}`;
  const hardware = ['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', '1024', '-nic', 'none'];
  const system = ['-kernel', named('vmlinuz'), '-initrd', named('initrd.img'), '-append', append];
  const disk = ['-drive', `file=${image},if=virtio,format=raw`];
  const time = ['-rtc', `base=${new Date(clock).toISOString().slice(0, 19)}`];
  const line = [...hardware, ...system, ...disk, ...time, '-display', 'none', '-serial', 'stdio', '-no-reboot'];
  const machine = spawn('qemu-system-x86_64', line, { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void machine.kill('SIGKILL');
  process.once('exit', kill);
  let [console_, cut] = ['', false];
  const print = (text: string): void => {
    console_ += text;
    if (cutAfter === undefined || cut || !console_.includes('rotation begins')) return;
    cut = true;
    void wait(cutAfter).then(kill);
  };
  machine.stdout.setEncoding('utf8').on('data', print);
  machine.stderr.setEncoding('utf8').on('data', print);
  const limit = setTimeout(kill, 240_000);
  const [status] = (await once(machine, 'exit')) as [number | null];
  clearTimeout(limit);
  process.off('exit', kill);
  const asWished = cutAfter === undefined ? status === 0 : cut;
  assert.ok(asWished, `the machine did not switch itself off:\n${console_.slice(-3000)}`);
  return console_;
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
  // debugfs gives links the time of the copy; what they point to is there with its own.
  const protectedPaths = disk.tree.protectedPaths.filter((path) => !/\/(agent|node)-token$/.test(path));
  return { ...disk.tree, protectedPaths, root: directory, host: (path) => join(directory, path) };
}

/** One of the files that `acceptance` wrote. */
export function seen(tree: Tree, name: string): string {
  return readFileSync(tree.host(`/srv/seen/${name}`), 'utf8');
}
