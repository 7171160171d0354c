import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, type Ended } from '../certmend.ts';
import { runTo } from '../command.ts';
import { distribution, kept } from '../root-image.ts';
import type { Program } from '../scenario.ts';

/** What installs packages of both formats, and what their scriptlets call. */
const packages = [
  'bash',
  'coreutils',
  'diffutils',
  'dash',
  'dpkg',
  'init-system-helpers',
  'libc-bin',
  'perl-base',
  'rpm',
  'systemd',
  'util-linux',
];
const users = 'root:x:0:0:root:/root:/bin/sh\n';

/** For a root of the other architecture, with every process in it emulated. */
export const toEnter: readonly Program[] = [
  { command: 'mmdebstrap', debianPackage: 'mmdebstrap' },
  { command: 'proot', debianPackage: 'proot' },
  { command: 'qemu-aarch64-static', debianPackage: 'qemu-user-static' },
];

let root: Promise<string> | undefined;

/** A small system of arm64 on which no systemd runs: as in a chroot, or while an image is built. */
export class ForeignRoot {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** @param directory of a new copy; `files` go into its /srv */
  static async at(directory: string, files: readonly string[]): Promise<ForeignRoot> {
    root ??= provide();
    await runTo(['cp', '-a', await root, directory]);
    const made = new ForeignRoot(directory);
    for (const path of files) cpSync(path, made.host(`/srv/${path.slice(path.lastIndexOf('/') + 1)}`));
    return made;
  }

  /** Where the file is on this machine. */
  host(path: string): string {
    return join(this.directory, path);
  }

  /** Runs a program of that system, with all its children. Never throws for its exit status. */
  async run(...line: readonly string[]): Promise<Ended> {
    const environment = ['-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C.UTF-8'];
    const enter = ['proot', '-q', 'qemu-aarch64-static', '-r', this.directory, '-w', '/', '-b', '/dev', '-b', '/proc'];
    return await run('env', [...environment, ...enter, ...line], {}, 900_000);
  }
}

/** Unpacked and not configured: nothing of it could be run on the way without emulation. */
async function provide(): Promise<string> {
  const { codename, sources } = await distribution();
  return await kept(['arm64', packages, users, codename], async (built, scratch) => {
    const list = join(scratch, 'sources.list');
    writeFileSync(list, `${sources.join('\n')}\n`);
    const options = ['--quiet', '--variant=extract', '--architectures=arm64', `--include=${packages.join(',')}`];
    await runTo(['mmdebstrap', ...options, codename, built, list]);
    for (const path of ['run', 'srv', 'root', 'var/lib/dpkg/info', 'var/lib/dpkg/updates'])
      mkdirSync(join(built, path), { recursive: true });
    writeFileSync(join(built, 'var/lib/dpkg/status'), '');
    writeFileSync(join(built, 'etc/passwd'), users);
    writeFileSync(join(built, 'etc/group'), 'root:x:0:\n');
  });
}
