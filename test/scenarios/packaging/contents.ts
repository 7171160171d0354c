import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runTo } from '../command.ts';
import { queryRpm, type Built } from './build.ts';

/** What has to be there, in either format: agreed with everybody who looks for it. */
const required = [
  '/etc/certmend/config.yaml',
  '/usr/bin/certmend',
  '/usr/lib/certmend/certmend.cjs',
  '/usr/lib/certmend/chunks/SHA256SUMS',
  '/usr/lib/certmend/node',
  '/usr/lib/systemd/catalog/certmend.catalog',
  '/usr/lib/systemd/system/certmend.service',
  '/usr/lib/systemd/system/rke2-server.service.d/10-certmend.conf',
  '/usr/lib/systemd/system/rke2-agent.service.d/10-certmend.conf',
  '/usr/lib/systemd/system/k3s.service.d/10-certmend.conf',
  '/usr/lib/systemd/system/k3s-agent.service.d/10-certmend.conf',
  '/usr/lib/tmpfiles.d/certmend.conf',
  '/usr/share/bash-completion/completions/certmend',
  '/usr/share/man/man5/certmend.yaml.5.gz',
  '/usr/share/man/man8/certmend-ca.8.gz',
  '/usr/share/man/man8/certmend.8.gz',
  '/usr/share/doc/certmend/certmend.cdx.json',
  '/usr/share/doc/certmend/licenses/certmend.txt',
] as const;
const requiredOfFormat = {
  deb: [
    '/usr/share/doc/certmend/changelog.gz',
    '/usr/share/doc/certmend/copyright',
    '/usr/share/lintian/overrides/certmend',
  ],
  rpm: ['/usr/lib/systemd/system-preset/80-certmend.preset', '/usr/share/doc/certmend/CHANGELOG.md'],
} as const;
const alsoAllowed =
  /^\/usr\/(lib\/certmend\/chunks\/[\w-]+\.cjs(\.LEGAL\.txt)?|share\/doc\/certmend\/((examples|licenses)\/)?[\w.+@-]+)$/;
const executable: readonly string[] = ['/usr/bin/certmend', '/usr/lib/certmend/node'];

interface Entry {
  readonly path: string;
  /** As `ls -l` shows it. */
  readonly mode: string;
  readonly owner: string;
}

/** Paths, modes and owners are those of the contract, in number and kind. */
export async function assertContents({ format, path }: Built): Promise<number> {
  const entries = format === 'deb' ? await listDeb(path) : await listRpm(path);
  const directories = entries.filter(({ mode }) => mode.startsWith('d'));
  const files = entries.filter(({ mode }) => !mode.startsWith('d'));
  const paths = files.map((entry) => entry.path);
  const wanted: readonly string[] = [...required, ...requiredOfFormat[format]];
  assert.deepEqual(
    wanted.filter((one) => !paths.includes(one)),
    [],
    `missing in ${path}`,
  );
  assert.deepEqual(
    paths.filter((one) => !wanted.includes(one) && !alsoAllowed.test(one)),
    [],
    `should not be in ${path}`,
  );
  const above = new Set(['/etc/certmend/config.yaml.d', ...paths.flatMap(parents)]);
  for (const { path: one, mode, owner } of directories) {
    assert.ok(above.has(one) || one === '/etc' || one === '/usr', `${one} is a directory of nobody`);
    assert.equal(`${mode} ${owner}`, 'drwxr-xr-x root/root', one);
  }
  assert.ok(directories.some((entry) => entry.path === '/etc/certmend/config.yaml.d'));
  for (const { path: one, mode, owner } of files)
    assert.equal(`${mode} ${owner}`, `${executable.includes(one) ? '-rwxr-xr-x' : '-rw-r--r--'} root/root`, one);
  return files.length;
}

function parents(path: string): readonly string[] {
  const above = dirname(path);
  return above === '/' ? [] : [above, ...parents(above)];
}

async function listDeb(path: string): Promise<readonly Entry[]> {
  const { stdout } = await runTo(['dpkg-deb', '--contents', path]);
  const entries = stdout
    .trim()
    .split('\n')
    .map((line): Entry => {
      const [, mode, owner, name] = /^(\S{10}) (\S+) +\d+ \S+ \S+ \.(\/.*)$/.exec(line) ?? [];
      assert.ok(mode !== undefined && owner !== undefined && name !== undefined, line);
      return { mode, owner, path: name === '/' ? name : name.replace(/\/$/, '') };
    });
  return entries.filter((entry) => entry.path !== '/');
}

async function listRpm(path: string): Promise<readonly Entry[]> {
  const stdout = await queryRpm(path, '[%{FILEMODES:perms} %{FILEUSERNAME}/%{FILEGROUPNAME} %{FILENAMES}\n]');
  return stdout
    .trim()
    .split('\n')
    .map((line): Entry => {
      const [mode = '', owner = '', name = ''] = line.split(' ');
      return { mode, owner, path: name };
    });
}

/** Every file that both formats have is the same in both, to the byte. */
export async function assertSameAsDeb({ path, tree }: Built): Promise<void> {
  const lines = (await queryRpm(path, '[%{FILENAMES} %{FILEDIGESTS}\n]')).trim().split('\n');
  const own: readonly string[] = requiredOfFormat.rpm;
  for (const [name = '', digest = ''] of lines.map((line) => line.split(' '))) {
    // Directories have none.
    if (digest === '' || own.includes(name)) continue;
    const content = readFileSync(join(tree, name));
    assert.equal(digest, createHash('sha256').update(content).digest('hex'), `${name} in ${path}`);
  }
}
