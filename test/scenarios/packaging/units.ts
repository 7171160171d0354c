import assert from 'node:assert/strict';
import { cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { run } from '../certmend.ts';
import { runTo } from '../command.ts';
import { inScratch } from '../scratch.ts';
import type { Built } from './build.ts';

const product = ['rke2-server', 'rke2-agent', 'k3s', 'k3s-agent'];

/** What the units of a system stand on, from the systemd of this machine; and programs that the lines name. */
const surroundings = '/usr/lib/systemd/system/*.{target,slice,socket}';
const programs = ['/bin/kill', '/usr/bin/true'];

/**
 * A small system with the package in it and units of the product that do nothing: systemd finds no fault with any of
 * them, certmend's manual pages exist under the names that the unit gives.
 */
export async function assertUnits({ tree }: Built): Promise<void> {
  await inScratch(async (root) => {
    const systemUnits = join(root, 'usr/lib/systemd/system');
    for (const path of globSync(surroundings)) cpSync(path, join(systemUnits, basename(path)));
    cpSync(tree, root, { recursive: true });
    for (const unit of product)
      writeFileSync(join(systemUnits, `${unit}.service`), '[Service]\nType=notify\nExecStart=/usr/bin/true\n');
    for (const program of programs) {
      mkdirSync(dirname(join(root, program)), { recursive: true });
      cpSync('/bin/true', join(root, program));
    }
    const units = ['certmend', ...product].map((unit) => `${unit}.service`);
    const { status, stdout, stderr } = await run('systemd-analyze', ['verify', `--root=${root}`, ...units], {
      MANPATH: join(root, 'usr/share/man'),
    });
    assert.equal(`${stdout}${stderr}`, '');
    assert.equal(status, 0);
  });
}

/** @returns what systemd-analyze makes of the hardening: 0 is all of it, 10 none */
export async function assertHardened({ tree }: Built): Promise<string> {
  const unit = join(tree, 'usr/lib/systemd/system/certmend.service');
  const { stdout } = await runTo(['systemd-analyze', 'security', '--offline=true', '--no-pager', unit]);
  const exposure = /exposure level for certmend\.service: ([\d.]+)/.exec(stdout)?.[1] ?? '';
  assert.ok(exposure !== '' && Number(exposure) <= 2.2, `exposure ${exposure}`);
  return exposure;
}

/** The journal takes the catalog whole: an entry that it cannot read it would leave out. */
export async function assertCatalog({ tree }: Built): Promise<number> {
  return await inScratch(async (root) => {
    const catalog = 'usr/lib/systemd/catalog';
    cpSync(join(tree, catalog), join(root, catalog), { recursive: true });
    const { stderr } = await runTo(['journalctl', '--update-catalog', `--root=${root}`]);
    assert.equal(stderr, '');
    const { stdout } = await runTo(['journalctl', '--list-catalog', `--root=${root}`]);
    const entries = stdout.trim().split('\n');
    const written = readFileSync(join(root, catalog, 'certmend.catalog'), 'utf8').match(/^-- /gm) ?? [];
    assert.equal(entries.length, written.length);
    for (const line of entries) assert.match(line, /^[0-9a-f]{32} certmend: certmend: \S+$/);
    return entries.length;
  });
}
