import type { FileReader } from '../disk/file-reader.ts';
import { type LogicalLine, logicalLines, splitWords, type Word } from './words.ts';
import type { Origin } from '../disk/origin.ts';
import { readEnvironmentFile } from './environment-file.ts';

/** systemd's search order for units and drop-ins, then the directory RKE2 uses where /usr/local is read-only (products 9). */
export const unitDirectories = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
  '/opt/rke2/lib/systemd/system',
] as const;

/** `k3s@.service` for `k3s@edge.service`; nothing for a unit that is no instance. */
export function templateOf(name: string): readonly string[] {
  const template = name.replace(/@[^@]+(\.[a-z]+)$/, '@$1');
  return template === name ? [] : [template];
}

/** Drop-ins of the unit, of its template, its dash prefixes and of the type, in file name order; the earlier directory hides a name. */
export function findDropIns(name: string, reader: FileReader): readonly string[] {
  const dot = name.lastIndexOf('.');
  const [stem, type] = [name.slice(0, dot), name.slice(dot + 1)];
  const parts = stem.split('-');
  const prefixes = parts.slice(0, -1).map((_, index) => `${parts.slice(0, index + 1).join('-')}-.${type}`);
  const found = new Map<string, string>();
  // Most specific first, and within one name the higher directory first: whoever comes first keeps the file name.
  for (const owner of [name, ...templateOf(name), ...prefixes.reverse(), type]) {
    for (const directory of unitDirectories) {
      for (const file of reader.list(`${directory}/${owner}.d`) ?? [])
        if (file.endsWith('.conf') && !found.has(file)) found.set(file, `${directory}/${owner}.d/${file}`);
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
}

/** One `Key=value` of a [Service] section. */
export interface ServiceSetting {
  readonly key: string;
  readonly line: LogicalLine;
  /** Offset behind the equals sign. */
  readonly from: number;
}

/** The [Service] section of a unit file or a drop-in, in its order. A file that cannot be read has none. */
export function* readServiceSettings(path: string, reader: FileReader): Generator<ServiceSetting> {
  const file = reader.read(path);
  if (file.state !== 'regular') return;
  let section = '';
  for (const line of logicalLines(file.bytes.toString('utf8'))) {
    const header = /^\s*\[([^\]]*)\]\s*$/.exec(line.text);
    if (header !== null) section = header[1] ?? '';
    const setting = /^\s*([A-Za-z]+)\s*=/.exec(line.text);
    if (section === 'Service' && setting !== null) yield { key: setting[1] ?? '', line, from: setting[0].length };
  }
}

/** What a unit file with its drop-ins says about the process it starts. */
export interface Unit {
  readonly name: string;
  /** Path of the unit file; undefined when there is none. */
  readonly path: string | undefined;
  readonly dropIns: readonly string[];
  /** Words of ExecStart=, variables and specifiers resolved; empty when there is no ExecStart. */
  readonly command: readonly Origin<string>[];
  /** Environment= and then the environment files in their order, later ones winning, as systemd does. */
  readonly environment: ReadonlyMap<string, Origin<string>>;
}

/**
 * Path of the unit file that systemd would load, masked ones included; undefined when there is none. An instance
 * without a file of its own is loaded from its template (systemd.unit(5)).
 */
export function findUnit(name: string, reader: FileReader): string | undefined {
  for (const file of [name, ...templateOf(name)]) {
    const path = unitDirectories
      .map((directory) => `${directory}/${file}`)
      .find((candidate) => reader.stat(candidate).state === 'present');
    if (path !== undefined) return path;
  }
  return undefined;
}

/** The name that systemd knows the unit by: a link in a unit directory to a file of another name is an alias. */
export function realUnitName(name: string, reader: FileReader): string {
  const path = findUnit(name, reader);
  const target = path === undefined ? undefined : reader.readLink(path)?.split('/').at(-1);
  return target?.endsWith('.service') === true && target !== path?.split('/').at(-1) ? target : name;
}

/**
 * Reads a unit with its drop-ins. Unreadable files count as empty: this is about finding arguments, and systemd itself
 * will say what it thinks of the unit.
 * @param defaultEnvironmentFiles used when there is no unit file (a backup without /etc/systemd, a foreign packaging)
 */
export function readUnit(name: string, reader: FileReader, defaultEnvironmentFiles: readonly string[]): Unit {
  const path = findUnit(name, reader);
  const dropIns = findDropIns(name, reader);
  let exec: { readonly words: readonly Word[]; readonly path: string } | undefined;
  let environmentFiles: string[] = path === undefined ? [...defaultEnvironmentFiles] : [];
  let settings: Origin<string>[] = [];
  for (const file of path === undefined ? dropIns : [path, ...dropIns]) {
    for (const { key, line, from } of readServiceSettings(file, reader)) {
      const words = splitWords(line, from);
      // An empty assignment resets a list (systemd.unit(5)).
      if (key === 'ExecStart') {
        exec = words.length === 0 ? undefined : { words, path: file };
      } else if (key === 'EnvironmentFile') {
        const value = words[0]?.text ?? '';
        if (value === '') environmentFiles = [];
        else environmentFiles.push(value.replace(/^-/, ''));
      } else if (key === 'Environment' && words.length === 0) {
        settings = [];
      } else if (key === 'Environment') {
        settings.push(...words.map((word) => ({ value: word.text, origin: `${file}:${String(word.line)}` })));
      }
    }
  }

  const environment = new Map<string, Origin<string>>();
  for (const { value, origin } of settings) {
    const equals = value.indexOf('=');
    if (equals > 0)
      environment.set(value.slice(0, equals), { value: specifiers(value.slice(equals + 1), name), origin });
  }
  for (const file of environmentFiles)
    for (const [key, value] of readEnvironmentFile(specifiers(file, name), reader)) environment.set(key, value);
  return { name, path, dropIns, command: exec === undefined ? [] : commandOf(exec, name, environment), environment };
}

function specifiers(text: string, name: string): string {
  const stem = name.slice(0, name.lastIndexOf('.'));
  return text.replace(/%([nNpi%])/g, (whole, letter: string) => {
    if (letter === 'n') return name;
    if (letter === 'N') return stem;
    if (letter === 'p') return stem.replace(/@.*$/, '');
    if (letter === 'i') return /@(.*)$/.exec(stem)?.[1] ?? '';
    return letter === '%' ? '%' : whole;
  });
}

function commandOf(
  exec: { readonly words: readonly Word[]; readonly path: string },
  name: string,
  environment: Unit['environment'],
): readonly Origin<string>[] {
  const command: Origin<string>[] = [];
  for (const [index, word] of exec.words.entries()) {
    if (word.text === ';') break;
    const origin = `${exec.path}:${String(word.line)}`;
    // `@-:+!` before the program change how it is run, not what is run (systemd.service(5)).
    const text = specifiers(index === 0 ? word.text.replace(/^[@\-:+!|]+/, '') : word.text, name);
    const whole = /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(text);
    if (whole !== null) {
      const words = (environment.get(whole[1] ?? '')?.value ?? '').split(/\s+/).filter((part) => part !== '');
      command.push(...words.map((value) => ({ value, origin })));
      continue;
    }
    const value = text.replace(/\$(?:\$|\{([A-Za-z_][A-Za-z0-9_]*)\})/g, (_, variable: string | undefined) =>
      variable === undefined ? '$' : (environment.get(variable)?.value ?? ''),
    );
    command.push({ value, origin });
  }
  return command;
}
