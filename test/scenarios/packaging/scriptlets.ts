import assert from 'node:assert/strict';
import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Ended } from '../certmend.ts';
import { inScratch } from '../scratch.ts';
import type { Built } from './build.ts';
import { ForeignRoot } from './foreign-root.ts';

const link = '/etc/systemd/system/multi-user.target.wants/certmend.service';
const state = '/var/lib/certmend';
const catalog = '/var/lib/systemd/catalog/database';

interface Manager {
  readonly install: readonly string[];
  readonly again: readonly string[];
  readonly remove: readonly string[];
  readonly purge?: readonly string[];
}

/** Their databases know nothing of what the package depends on. */
const managers: Readonly<Record<Built['format'], Manager>> = {
  deb: {
    install: ['dpkg', '--force-depends', '--install'],
    again: ['dpkg', '--force-depends', '--install'],
    remove: ['dpkg', '--remove', 'certmend'],
    purge: ['dpkg', '--purge', 'certmend'],
  },
  rpm: {
    install: ['rpm', '--install', '--nodeps'],
    again: ['rpm', '--upgrade', '--nodeps', '--replacepkgs'],
    remove: ['rpm', '--erase', 'certmend'],
  },
};

/**
 * The scriptlets of a package for the other architecture do what they are for, by the package manager, shell and
 * systemd of that architecture, under emulation.
 */
export async function assertScriptlets({ format, path }: Built): Promise<string> {
  return await inScratch(async (scratch) => {
    const root = await ForeignRoot.at(join(scratch, 'root'), [path]);
    const { install, again, remove, purge } = managers[format];
    const file = `/srv/${basename(path)}`;

    await toEnd(root, [...install, file]);
    assert.ok(isThere(root, link), 'the first installation enables the daemon');
    assertOwn(root, state);
    assertOwn(root, '/run/certmend');
    assert.match(readFileSync(root.host(catalog), 'latin1'), /certmend: /, 'the journal knows the catalog');
    await toEnd(root, ['systemctl', 'disable', 'certmend.service']);
    await toEnd(root, [...again, file]);
    assert.ok(!isThere(root, link), 'a second one leaves disabled what an administrator disabled');

    const { stderr } = await toEnd(root, remove);
    assert.match(stderr, /now start without the boot hook/);
    assert.ok(isThere(root, state), 'a removal keeps the state');
    assert.ok(!isThere(root, '/usr/lib/certmend/node'));
    assert.doesNotMatch(readFileSync(root.host(catalog), 'latin1'), /certmend: /);
    if (purge !== undefined) {
      await toEnd(root, purge);
      for (const one of [state, '/run/certmend', '/etc/certmend', link]) assert.ok(!isThere(root, one), one);
    }
    return `${format}: ${purge === undefined ? 3 : 4} transactions`;
  });
}

async function toEnd(root: ForeignRoot, line: readonly string[]): Promise<Ended> {
  const ended = await root.run(...line);
  assert.equal(ended.status, 0, `${line.join(' ')}: ${ended.stdout}${ended.stderr}`);
  return ended;
}

/** Also a link that leads to nothing on this machine. */
function isThere(root: ForeignRoot, path: string): boolean {
  return existsSync(root.host(path)) || lstatSync(root.host(path), { throwIfNoEntry: false }) !== undefined;
}

function assertOwn(root: ForeignRoot, path: string): void {
  const { mode, uid } = statSync(root.host(path));
  assert.equal(`${(mode & 0o7777).toString(8)} ${String(uid)}`, `700 ${String(process.getuid?.())}`, path);
}
