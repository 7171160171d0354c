import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Architecture } from './architecture.ts';
import { rpmChangelog } from './changelog.ts';
import { directories } from './contents.ts';
import { writeTree, type PackedFile } from './packed-file.ts';
import { readProject } from './project.ts';
import { description, maintainer, summary, type Release } from './release.ts';
import { runTool } from './tools.ts';
import { wrapLines } from './wrap.ts';

export interface RpmOrder {
  readonly architecture: Architecture;
  readonly release: Release;
  readonly files: readonly PackedFile[];
  /** An empty directory to work in. */
  readonly work: string;
  /** Where the package goes. */
  readonly output: string;
  readonly fast: boolean;
}

/**
 * Makes an rpm with rpmbuild, which is told to leave the files as they are: no stripping, no debug packages, no build-id
 * links, no dependencies that are guessed.
 *
 * @returns its file name
 */
export async function makeRpm({ architecture, release, files, work, output, fast }: RpmOrder): Promise<string> {
  const root = join(work, 'tree');
  mkdirSync(root);
  writeTree(root, files, directories, release.epoch);
  const spec = join(work, 'certmend.spec');
  writeFileSync(spec, specFile(release, files));
  const macros: Readonly<Record<string, string>> = {
    _topdir: join(work, 'rpmbuild'),
    _rpmdir: output,
    _rpmfilename: '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm',
    certmend_tree: root,
    __os_install_post: '%{nil}',
    __strip: '/bin/true',
    _build_id_links: 'none',
    debug_package: '%{nil}',
    _binary_payload: fast ? 'w1.gzdio' : 'w6.xzdio',
    // The same bytes on any machine, at any time.
    _buildhost: 'localhost',
    use_source_date_epoch_as_buildtime: '1',
    clamp_mtime_to_source_date_epoch: '1',
    // Debian's rpm would otherwise look for its own package database.
    _dbpath: join(work, 'rpmdb'),
  };
  const defines = Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  await runTool('rpmbuild', ['-bb', '--nodeps', '--target', `${architecture.rpm}-linux`, ...defines, spec], {
    env: { SOURCE_DATE_EPOCH: String(release.epoch) },
  });
  return `certmend-${release.version}-1.${architecture.rpm}.rpm`;
}

function specFile(release: Release, files: readonly PackedFile[]): string {
  const prose = description.map((paragraph) => wrapLines(paragraph, 76).join('\n')).join('\n\n');
  const script = (name: string): string => readProject('rpm', `${name}.sh`);
  return `Name: certmend
Version: ${release.version}
Release: 1
Summary: ${summary.charAt(0).toUpperCase()}${summary.slice(1)}
License: Apache-2.0 AND MIT AND BSD-3-Clause AND ISC
Group: System Environment/Daemons
URL: https://certmend.invalid/
Packager: ${maintainer}
AutoReqProv: no
Requires: /bin/sh
Requires: coreutils
Requires: util-linux
Requires: systemd >= 239
Requires: libc.so.6(GLIBC_2.28)(64bit)
Requires: libstdc++.so.6(CXXABI_1.3.11)(64bit)
Requires: libgcc_s.so.1()(64bit)

%description
${prose}

%install
mkdir -p %{buildroot}
cp -a %{certmend_tree}/. %{buildroot}/

%post
${script('post')}
%preun
${script('preun')}
%postun
${script('postun')}
%files
%defattr(-,root,root,-)
${fileList(files)}
%changelog
${rpmChangelog(release)}`;
}

/** Where a directory of ours begins: everything above belongs to the system. */
const shared = new Set([
  '/etc',
  '/usr',
  '/usr/bin',
  '/usr/lib',
  '/usr/lib/systemd',
  '/usr/lib/systemd/catalog',
  '/usr/lib/systemd/system',
  '/usr/lib/systemd/system-preset',
  '/usr/lib/tmpfiles.d',
  '/usr/share',
  '/usr/share/bash-completion',
  '/usr/share/bash-completion/completions',
  '/usr/share/doc',
  '/usr/share/man',
  '/usr/share/man/man5',
  '/usr/share/man/man8',
]);

function fileList(files: readonly PackedFile[]): string {
  const own = new Set(directories.map(({ path }) => path));
  for (const { path } of [...files, ...directories])
    for (let above = dirname(path); above !== '/' && !shared.has(above); above = dirname(above)) own.add(above);
  return [
    ...[...own].map((path) => `%dir ${path}`),
    ...files.map(({ path, isConfiguration }) => {
      if (isConfiguration === true) return `%config(noreplace) ${path}`;
      return path.startsWith('/usr/share/doc/') || path.startsWith('/usr/share/man/') ? `%doc ${path}` : path;
    }),
  ]
    .sort((a, b) => (a < b ? -1 : 1))
    .join('\n');
}
