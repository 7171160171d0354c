import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tree } from '../../fixtures/tree.ts';
import { runTo } from '../command.ts';
import { packages } from '../packages.ts';
import { baseRoot } from '../root-image.ts';
import { layNode } from '../systemd/node.ts';
import { unasked, unread } from './unasked.ts';

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
  putUnits(upper);
  mkdirSync(join(upper, 'srv'), { recursive: true });
  cpSync((await packages()).deb, join(upper, 'srv/certmend.deb'));
  const overlay = `lowerdir=${await baseRoot()},upperdir=${upper},workdir=${work}`;
  // As images are built: installed where no systemd runs, made into a file system, booted later. No blocks for root
  // alone: a full disk is full for certmend too.
  const script =
    'mount -t overlay overlay -o "$1" "$2" && chroot "$2" dpkg --install /srv/certmend.deb && cd "$2" && ' +
    `rm -r srv/certmend.deb ${unread.join(' ')} && mkfs.ext4 -q -m 0 -d "$2" "$3" 900M`;
  await runTo(['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', overlay, root, image]);
  return { image, tree };
}

function putUnits(upper: string): void {
  const units = join(upper, 'etc/systemd/system');
  const [wants, dropIns] = [join(units, 'multi-user.target.wants'), join(units, 'rke2-server.service.d')];
  for (const directory of [wants, dropIns]) mkdirSync(directory, { recursive: true });
  const put = (name: string, path: string): void => {
    cpSync(join(import.meta.dirname, name), path);
  };
  mkdirSync(join(upper, 'opt/control-plane'), { recursive: true });
  put('acceptance.sh', join(upper, 'usr/local/bin/acceptance'));
  put('begin.conf', join(dropIns, '05-begin.conf'));
  put('end.conf', join(dropIns, '20-end.conf'));
  for (const unit of ['acceptance.service', 'control-plane.service', 'fill.service']) {
    put(unit, join(units, unit));
    symlinkSync(`../${unit}`, join(wants, unit));
  }
  // In memory: what a scenario looks for must not depend on how much room the disk had left for it.
  const journal = join(upper, 'etc/systemd/journald.conf.d');
  mkdirSync(journal, { recursive: true });
  writeFileSync(join(journal, 'volatile.conf'), '[Journal]\nStorage=volatile\n');
  for (const unit of unasked) symlinkSync('/dev/null', join(units, unit));
}

/** A copy, to go another way from here. */
export async function branch(disk: Disk, image: string): Promise<Disk> {
  await runTo(['cp', '--sparse=always', '--reflink=auto', disk.image, image]);
  return { ...disk, image };
}

/**
 * What is on the disk now, below a host directory: the node's own files and what `acceptance` has seen. The disk itself
 * stays as it is: what a power cut left undone is for the machine's own kernel to mend when it boots.
 */
export async function readDisk(disk: Disk, directory: string): Promise<Tree> {
  mkdirSync(directory, { recursive: true });
  const undo = join(directory, '..', 'e2fsck.undo');
  rmSync(undo, { force: true });
  // The file system's own journal first: after a power cut the rest is not to be believed without it. What e2fsck would
  // have to ask about is damage.
  await runTo(['sh', '-c', 'e2fsck -p -z "$2" "$1" || test $? -eq 1', 'sh', disk.image, undo]);
  for (const path of ['/etc', '/var/lib/rancher', '/var/lib/certmend', '/srv']) {
    const parent = join(directory, path, '..');
    mkdirSync(parent, { recursive: true });
    await runTo(['debugfs', '-R', `rdump ${path} ${parent}`, disk.image]);
  }
  if (existsSync(undo)) await runTo(['e2undo', undo, disk.image]);
  // debugfs gives links the time of the copy; what they point to is there with its own.
  const protectedPaths = disk.tree.protectedPaths.filter((path) => !/\/(agent|node)-token$/.test(path));
  return { ...disk.tree, protectedPaths, root: directory, host: (path) => join(directory, path) };
}

/** One of the files that `acceptance` wrote. */
export function seen(tree: Tree, name: string): string {
  return readFileSync(tree.host(`/srv/seen/${name}`), 'utf8');
}
