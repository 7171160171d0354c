import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Architecture } from './architecture.ts';
import { directories } from './contents.ts';
import { writeTree, type PackedFile } from './packed-file.ts';
import { readProject } from './project.ts';
import { description, maintainer, summary, type Release } from './release.ts';
import { runTool } from './tools.ts';
import { wrapLines } from './wrap.ts';

export interface DebOrder {
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
 * Makes a deb with dpkg-deb alone. The maintainer scripts are those of deb/, as they are.
 *
 * @returns its file name
 */
export async function makeDeb({ architecture, release, files, work, output, fast }: DebOrder): Promise<string> {
  const root = join(work, 'deb');
  const control = join(root, 'DEBIAN');
  mkdirSync(control, { recursive: true });
  // Whatever the umask of the builder is.
  for (const directory of [root, control]) chmodSync(directory, 0o755);
  const content: Readonly<Record<string, string>> = {
    control: controlFile(architecture, release, installedKilobytes(files)),
    conffiles: files.flatMap(({ path, isConfiguration }) => (isConfiguration === true ? [`${path}\n`] : [])).join(''),
    md5sums: md5sums(files),
  };
  for (const [name, text] of Object.entries(content)) writeControl(join(control, name), text, 0o644);
  for (const name of ['postinst', 'prerm', 'postrm'])
    writeControl(join(control, name), readProject('deb', name), 0o755);
  writeTree(root, files, directories, release.epoch);
  const name = `certmend_${release.version}_${architecture.debian}.deb`;
  // One thread: with more, the bytes depend on how many processors the machine has.
  const compression = fast ? ['-Zgzip', '-z1'] : ['-Zxz', '-z6', '--threads-max=1'];
  await runTool('dpkg-deb', ['--root-owner-group', ...compression, '--build', root, join(output, name)], {
    env: { SOURCE_DATE_EPOCH: String(release.epoch) },
  });
  return name;
}

function controlFile(architecture: Architecture, { version }: Release, kilobytes: number): string {
  const prose = description.map((paragraph) =>
    wrapLines(paragraph, 76)
      .map((line) => ` ${line}\n`)
      .join(''),
  );
  return `Package: certmend
Version: ${version}
Architecture: ${architecture.debian}
Maintainer: ${maintainer}
Installed-Size: ${kilobytes}
Depends: libc6 (>= 2.28), libgcc-s1 | libgcc1, libstdc++6 (>= 7), systemd (>= 239)
Section: admin
Priority: optional
Description: ${summary}
${prose.join(' .\n')}`;
}

function writeControl(path: string, text: string, mode: number): void {
  writeFileSync(path, text);
  chmodSync(path, mode);
}

function bytesOf({ content }: PackedFile): Uint8Array {
  if (typeof content === 'string') return Buffer.from(content);
  return content instanceof Uint8Array ? content : readFileSync(content.copyOf);
}

/** As deb-substvars(5) counts: every file in whole kilobytes, and one for each directory or link. */
function installedKilobytes(files: readonly PackedFile[]): number {
  return files.reduce((sum, file) => sum + Math.ceil(bytesOf(file).length / 1024), directories.length);
}

/** What `dpkg --verify` compares with; configuration is not in it, since it may be edited. */
function md5sums(files: readonly PackedFile[]): string {
  return files
    .filter(({ isConfiguration }) => isConfiguration !== true)
    .map((file) => `${createHash('md5').update(bytesOf(file)).digest('hex')}  ${file.path.slice(1)}\n`)
    .sort((a, b) => (a.slice(34) < b.slice(34) ? -1 : 1))
    .join('');
}
