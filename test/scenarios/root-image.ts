import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runTo, type Line } from './command.ts';

/** What a node is made of, and the consumers of its certificates. */
const packages = [
  'dbus',
  'etcd-client',
  'etcd-server',
  'initramfs-tools',
  'iproute2',
  'kmod',
  'linux-image-cloud-amd64',
  'openssl',
  'procps',
  'rpm',
  'systemd',
  'systemd-sysv',
  'udev',
  'util-linux',
];

/** Only what finds the disk: under emulation a small one saves seconds at each boot. */
const initramfsHook = `#!/bin/sh
if [ "$1" = prereqs ]; then exit 0; fi
. /usr/share/initramfs-tools/hook-functions
manual_add_modules virtio_pci virtio_blk ext4
`;

/** Jobs of a distribution that a test does not want to meet, and the etcd that the package starts by itself. */
const unwanted = ['multi-user.target.wants', 'timers.target.wants', 'getty.target.wants', 'sysinit.target.wants'];

let root: Promise<string> | undefined;

/**
 * A minimal root file system of the host's own release, with systemd and a kernel: only to be read. It is made once
 * and kept in the user's cache directory by what goes into it; half a minute and a package mirror when it is not there.
 * @returns host path of its directory
 */
export async function baseRoot(): Promise<string> {
  root ??= provide();
  return await root;
}

async function provide(): Promise<string> {
  const { codename, sources } = await distribution();
  return await kept([packages, initramfsHook, unwanted, codename], async (built, scratch) => {
    await runTo(bootstrapLine(built, codename, sources, scratch));
    for (const directory of unwanted) rmSync(join(built, 'etc/systemd/system', directory), { recursive: true });
    rmSync(join(built, 'etc/resolv.conf'));
    writeFileSync(join(built, 'etc/hostname'), 'node\n');
  });
}

/**
 * A directory that is made once, and kept in the user's cache directory by what goes into it.
 *
 * @param make fills the first directory, which is new; the second is for what it needs on the way
 * @returns host path
 */
export async function kept(
  recipe: readonly unknown[],
  make: (directory: string, scratch: string) => Promise<void>,
): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'certmend');
  const digest = createHash('sha256').update(JSON.stringify(recipe)).digest('hex');
  const base = join(cache, `root-${digest.slice(0, 16)}`);
  if (existsSync(base)) return base;
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const scratch = mkdtempSync(join(cache, 'building-'));
  try {
    const built = join(scratch, 'root');
    await make(built, scratch);
    renameSync(built, base);
  } catch (error) {
    // Another process was first; its root is as good.
    if (!existsSync(base)) throw error;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return base;
}

function bootstrapLine(directory: string, codename: string, sources: readonly string[], scratch: string): Line {
  const list = join(scratch, 'sources.list');
  const hook = join(scratch, 'hook');
  const configuration = join(scratch, 'conf');
  writeFileSync(list, `${sources.join('\n')}\n`);
  writeFileSync(hook, initramfsHook, { mode: 0o755 });
  writeFileSync(configuration, 'MODULES=list\n');
  const early = 'mkdir -p "$1/etc/initramfs-tools/hooks" "$1/etc/initramfs-tools/conf.d"';
  return [
    'mmdebstrap',
    '--quiet',
    '--variant=minbase',
    `--include=${packages.join(',')}`,
    `--essential-hook=${early}`,
    `--essential-hook=copy-in ${hook} /etc/initramfs-tools/hooks`,
    `--essential-hook=copy-in ${configuration} /etc/initramfs-tools/conf.d`,
    codename,
    directory,
    list,
  ];
}

/** Where the host's own apt gets the host's own release from: so a test needs no mirror that the host does not have. */
export async function distribution(): Promise<{ readonly codename: string; readonly sources: readonly string[] }> {
  const release = readFileSync('/etc/os-release', 'utf8');
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1];
  if (codename === undefined) throw new Error('/etc/os-release names no VERSION_CODENAME');
  const format = '$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)';
  const line = ['apt-get', 'indextargets', '--format', format, 'Created-By: Packages'] as const;
  const sources = new Set<string>();
  for (const target of (await runTo(line)).stdout.trim().split('\n')) {
    const [origin, uri = '', suite = '', component = ''] = target.split(' ');
    if (origin === 'Debian' && suite.startsWith(codename)) sources.add(`deb ${uri} ${suite} ${component}`);
  }
  if (sources.size === 0) throw new Error(`apt knows no Debian archive of ${codename}: apt-get update`);
  return { codename, sources: [...sources] };
}
