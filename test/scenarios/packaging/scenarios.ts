import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { runTo } from '../command.ts';
import { programs, type Program, type Scenario } from '../scenario.ts';
import { inScratch } from '../scratch.ts';
import { build, builtPackages, packagesIn, type Built } from './build.ts';
import { assertInstalledWorks, toEmulate } from './installed.ts';
import { toEnter } from './foreign-root.ts';
import { assertScriptlets } from './scriptlets.ts';
import { assertContents, assertSameAsDeb } from './contents.ts';
import { assertLintian, assertManPages, assertRpmlint, assertShellcheck } from './lint.ts';
import { assertFitsItsMachine } from './runtime.ts';
import { assertCatalog, assertHardened, assertUnits } from './units.ts';

const toBuild: readonly Program[] = [
  { command: 'dpkg-deb', debianPackage: 'dpkg' },
  { command: 'rpmbuild', debianPackage: 'rpm' },
  { command: 'x86_64-linux-gnu-strip', debianPackage: 'binutils-x86-64-linux-gnu' },
  { command: 'aarch64-linux-gnu-strip', debianPackage: 'binutils-aarch64-linux-gnu' },
];
const toJudge: readonly Program[] = [
  ...toBuild,
  { command: 'lintian', debianPackage: 'lintian' },
  { command: 'rpmlint', debianPackage: 'rpmlint' },
  { command: 'shellcheck', debianPackage: 'shellcheck' },
  { command: 'systemd-analyze', debianPackage: 'systemd' },
  { command: 'groff', debianPackage: 'groff' },
  { command: 'mandoc', debianPackage: 'mandoc' },
  { command: 'lexgrog', debianPackage: 'man-db' },
];

/** Bytes. */
const largestDeb = 35e6;

/** The packages as files: what is in them, and what the tools of the distributions think of it. */
export const packaging: readonly Scenario[] = [
  {
    name: 'the packages have the agreed contents, the same in deb and rpm, for both architectures',
    needs: [...toBuild, { command: 'readelf', debianPackage: 'binutils' }],
    isHeavy: false,
    run: contents,
  },
  {
    name: 'the packages, installed, load every part of the program and read every form of YAML, on both architectures',
    needs: [...toBuild, ...toEmulate, programs.openssl, programs.flock],
    isHeavy: false,
    run: installed,
  },
  {
    name: 'the packages for arm64 are installed, installed again and removed by their own scriptlets, under emulation',
    needs: [...toBuild, ...toEnter, programs.cp],
    isHeavy: false,
    run: foreign,
  },
  {
    name: 'the packages are the same to the byte when somebody else builds them',
    needs: toBuild,
    isHeavy: false,
    run: twice,
  },
  {
    name: 'the packages, their units and their manual find no fault with the tools that judge them',
    needs: toJudge,
    isHeavy: false,
    run: judged,
  },
  {
    name: 'the deb as it is released is small enough for a slow line',
    needs: toBuild,
    isHeavy: false,
    run: small,
  },
];

async function contents(): Promise<string> {
  const built = await builtPackages();
  const kinds = built.map(({ format, architecture }) => `${format} ${architecture}`).sort();
  assert.deepEqual(kinds, ['deb amd64', 'deb arm64', 'rpm amd64', 'rpm arm64']);
  let files = 0;
  for (const one of built) {
    files += await assertContents(one);
    await assertFitsItsMachine(one);
    if (one.format === 'rpm') await assertSameAsDeb(one);
    else await assertDebKnowsItsFiles(one);
  }
  return `${files} files in ${built.length} packages; nothing besides them`;
}

async function installed(): Promise<string> {
  const seen: string[] = [];
  for (const one of await builtPackages()) seen.push(await assertInstalledWorks(one));
  return seen.join('; ');
}

async function foreign(): Promise<string> {
  const seen: string[] = [];
  for (const one of await builtPackages()) if (one.architecture === 'arm64') seen.push(await assertScriptlets(one));
  assert.equal(seen.length, 2);
  return seen.join('; ');
}

/** What `dpkg --verify` and an upgrade go by. */
async function assertDebKnowsItsFiles({ path, tree }: Built): Promise<void> {
  await runTo(['sh', '-c', 'cd "$1" && dpkg-deb --info "$0" md5sums | md5sum --check --quiet', path, tree]);
  const { stdout } = await runTo(['dpkg-deb', '--info', path, 'conffiles']);
  assert.equal(stdout, '/etc/certmend/config.yaml\n');
}

async function twice(): Promise<string> {
  const first = (await builtPackages()).filter(({ architecture }) => architecture === 'amd64');
  return await inScratch(async (scratch) => {
    const elsewhere = ['env', 'TZ=Pacific/Auckland', 'LC_ALL=C', 'sh', '-c', 'umask 077; exec "$@"', 'sh'] as const;
    await build(scratch, ['--arch', 'amd64', '--fast'], elsewhere);
    assert.equal(packagesIn(scratch).length, first.length);
    for (const { path } of first) {
      const again = readFileSync(join(scratch, path.slice(path.lastIndexOf('/'))));
      assert.ok(again.equals(readFileSync(path)), `${path} differs`);
    }
    return `${packagesIn(scratch).join(', ')}: another time zone, locale, umask and directory`;
  });
}

async function judged(): Promise<string> {
  const built = await builtPackages();
  const [example] = built;
  assert.ok(example !== undefined);
  await Promise.all(built.map((one) => (one.format === 'deb' ? assertLintian(one) : assertRpmlint(one))));
  await assertManPages(example);
  await assertUnits(example);
  const [scripts, entries, exposure] = [
    await assertShellcheck(),
    await assertCatalog(example),
    await assertHardened(example),
  ];
  return `${built.length} packages, ${scripts} shell texts, 2 manual pages, ${entries} catalog entries; exposure ${exposure}`;
}

async function small(): Promise<string> {
  return await inScratch(async (scratch) => {
    await build(scratch, ['--arch', 'amd64', '--format', 'deb']);
    const [name = ''] = packagesIn(scratch);
    const { size } = statSync(join(scratch, name));
    assert.ok(size <= largestDeb, `${size} bytes`);
    return `${name}: ${(size / 1e6).toFixed(1)} MB`;
  });
}
