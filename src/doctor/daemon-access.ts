import { dirname } from 'node:path';
import { ownPaths } from '../disk/own-paths.ts';
import type { FileReader } from '../disk/file-reader.ts';
import type { Layout } from '../layout/layout.ts';
import { readServiceSettings, findDropIns, findUnit } from '../systemd/unit-file.ts';
import { splitWords } from '../systemd/words.ts';
import { writtenFiles } from '../layout/written-files.ts';
import { type DropIn, dropInPath, isMasked, placeTaken } from '../systemd/drop-in.ts';
import { ill, well, type Examined } from './examined.ts';
import { realPath } from '../disk/real-path.ts';

const unit = 'certmend.service';
const path = dropInPath(unit, '50-data-dir.conf');

/** ReadWritePaths= of systemd/certmend.service, where no unit is installed; a test holds the two together. */
export const shippedPaths = ['/var/lib/rancher', '/var/lib/prometheus/node-exporter', '/var/lib/node_exporter'];

/**
 * May the daemon, which systemd shuts in, write where this node keeps its certificates and wants its figures?
 * @param also.textfile metrics.textfile
 * @param also.backups backup.to, where the daemon makes backups
 */
export function daemonAccess(
  reader: FileReader,
  layout: Layout,
  also: { readonly textfile: string | undefined; readonly backups: string | undefined },
): Examined {
  const { textfile, backups } = also;
  const wanted = [...writtenDirectories(layout, textfile), ...(backups === undefined ? [] : [backups])];
  const missing = withoutAccess(reader, wanted);
  if (missing.length === 0) return well('daemon-access', `${unit} can write everywhere it needs to`);
  const names = missing.join(', ');
  const problem = `${unit} cannot write to ${names}`;
  if (missing.some((directory) => /\p{Cc}/u.test(directory))) {
    return ill(
      'daemon-access',
      'warning',
      problem,
      'a unit file cannot name it: use a directory without control characters',
    );
  }
  const line = `ReadWritePaths=${missing.map(unitWord).join(' ')}`;
  if (isMasked(reader, path)) {
    const hint = `if that is not what you want: rm ${path}; certmend doctor`;
    return ill('daemon-access', 'warning', `${problem}: the drop-in for it is switched off by ${path}`, hint);
  }
  const taken = placeTaken(reader, path);
  if (taken !== undefined) {
    const hint = `certmend does not touch it. Add by hand, to it or to another *.conf in that directory, below [Service]: ${line}; then: ${then.join('; ')}`;
    return ill('daemon-access', 'warning', `${problem}, and ${taken}`, hint);
  }
  const content = `${heading}[Service]\n${line}\n`;
  const hint = `certmend doctor --write-drop-ins, or write ${path} as below`;
  return ill('daemon-access', 'warning', problem, hint, { path, content, then });
}

const then: DropIn['then'] = ['systemctl daemon-reload', 'systemctl restart certmend'];

const heading = `# The daemon sees the file system read-only, except for what its unit names. This node keeps its certificates, or
# writes metrics.textfile or backups, somewhere else. "-": the daemon also runs while that does not exist.
`;

/** Where the daemon may have to complete a commit that was cut off, and where its figures go. */
function writtenDirectories(layout: Layout, textfile: string | undefined): readonly string[] {
  const beyond = layout.entries.flatMap(writtenFiles).filter((file) => !isBelow(file, layout.dataDir));
  return [layout.dataDir, ...[...beyond, ...(textfile === undefined ? [] : [textfile])].map((file) => dirname(file))];
}

/** Real paths of those directories that the unit, with its drop-ins, leaves read-only; none that another one covers. */
function withoutAccess(reader: FileReader, directories: readonly string[]): readonly string[] {
  const { isStrict, paths } = sandboxOf(reader);
  if (!isStrict) return [];
  // systemd follows links when it shuts a service in: what a link names is as writable as what it leads to.
  const open = [...paths, ownPaths.stateDirectory, ownPaths.runDirectory].map((name) => realPath(reader, name));
  const wanted = [...new Set(directories.map((directory) => realPath(reader, directory)))];
  const closed = wanted.filter((directory) => !open.some((above) => isBelow(directory, above)));
  return closed.filter((directory) => !closed.some((above) => above !== directory && isBelow(directory, above)));
}

function sandboxOf(reader: FileReader): { readonly isStrict: boolean; readonly paths: readonly string[] } {
  const file = findUnit(unit, reader);
  let isStrict = file === undefined;
  let paths: string[] = file === undefined ? [...shippedPaths] : [];
  for (const from of [...(file === undefined ? [] : [file]), ...findDropIns(unit, reader)]) {
    for (const setting of readServiceSettings(from, reader)) {
      const words = splitWords(setting.line, setting.from).map(({ text }) => text);
      if (setting.key === 'ProtectSystem') isStrict = words[0] === 'strict';
      if (setting.key !== 'ReadWritePaths') continue;
      // An empty assignment takes back all that came before (systemd.exec(5)).
      if (words.length === 0) paths = [];
      else paths.push(...words.map((word) => expanded(word.replace(/^[-+]*/, ''))));
    }
  }
  return { isStrict, paths };
}

/** Specifiers of the system manager that name a directory (systemd.unit(5)). */
const specifiers: Readonly<Record<string, string>> = {
  S: '/var/lib',
  t: '/run',
  C: '/var/cache',
  L: '/var/log',
  '%': '%',
};

function expanded(word: string): string {
  return word.replaceAll(/%(.)/g, (whole, letter: string) => specifiers[letter] ?? whole);
}

/** As systemd reads a word: a percent sign begins a specifier, and white space ends it outside of quotes. */
function unitWord(directory: string): string {
  const text = `-${directory.replaceAll('%', '%%')}`;
  return /[\s"'\\]/.test(text) ? `"${text.replaceAll(/["\\]/g, '\\$&')}"` : text;
}

function isBelow(name: string, directory: string): boolean {
  return directory === '/' || name === directory || name.startsWith(`${directory}/`);
}
