import { shellWord } from '../disk/shell-word.ts';
import type { FileReader } from '../disk/file-reader.ts';
import { CertmendError, exitStatus } from '../error.ts';
import { ownPaths } from '../disk/own-paths.ts';
import type { Config } from './config.ts';
import type { ConfigSource } from './combine-config.ts';
import { maxConfigBytes, type ConfigProblem, problemText } from './config-file.ts';
import { defaultConfig } from './default-config.ts';

/**
 * Reads certmend's own configuration: the file, then each `*.yaml` of the directory beside it (`FILE.d`) in the order
 * of their names, later ones over earlier ones. Nothing there means the defaults, and then no parser is loaded.
 * @param path as given with --config; such a file must exist
 * @throws CertmendError ConfigInvalid (exit 78), whose message lists every problem of every file
 */
export async function loadConfig(reader: FileReader, path?: string): Promise<Config> {
  const { sources, problems } = collect(reader, path ?? ownPaths.config, path !== undefined);
  if (sources.length === 0 && problems.length === 0) return defaultConfig;
  // Loaded only now: a node without a configuration file, the common case at boot, never needs a YAML parser.
  const { combineConfig } = await import('./combine-config.ts');
  const combined = combineConfig(sources);
  const all = combined.ok ? problems : [...problems, ...combined.problems];
  if (combined.ok && all.length === 0) return combined.config;
  throw new CertmendError('ConfigInvalid', message(all), {
    exit: exitStatus.configuration,
    hint: 'correct every line above, or move the file away to run with the defaults; nothing was changed',
  });
}

/** What it says is done as root, so nobody else may have a say in it (notify.exec above all). */
function remedyOf(path: string, problem: string): string {
  if (problem !== 'not-ours') return '';
  return `; inspect it, then: chown root:root ${shellWord(path)} && chmod go-w ${shellWord(path)} (and the same for a directory in its path)`;
}

/** Blank lines and comments, as in the file that the packages install: the boot hook need not load a parser for it. */
function saysNothing(bytes: Buffer): boolean {
  if (bytes.length > maxConfigBytes) return false;
  return bytes
    .toString('latin1')
    .split(/\r?\n/)
    .every((line) => /^[ \t]*(?:#|$)/.test(line));
}

/** One broken bracket can make a parser complain a thousand times; nobody reads past a page. */
const shownProblems = 50;

function message(problems: readonly ConfigProblem[]): string {
  const many = problems.length === 1 ? 'a problem' : `${String(problems.length)} problems`;
  const more = problems.length - shownProblems;
  return [
    `the configuration has ${many}`,
    ...problems.slice(0, shownProblems).map((problem) => `  ${problemText(problem)}`),
    ...(more > 0 ? [`  and ${String(more)} more`] : []),
  ].join('\n');
}

function collect(reader: FileReader, main: string, mustExist: boolean) {
  const sources: ConfigSource[] = [];
  const problems: ConfigProblem[] = [];
  const unreadable = (file: string, detail: string) => {
    problems.push({ code: 'unreadable', file, position: undefined, message: detail });
  };
  const add = (path: string, required: boolean) => {
    const file = reader.readOwn(path);
    if (file.state === 'regular') {
      if (!saysNothing(file.bytes)) sources.push({ path, bytes: file.bytes });
    } else if (file.state === 'unreadable') {
      unreadable(path, `${file.detail}${remedyOf(path, file.problem)}`);
    } else if (required) {
      unreadable(path, 'does not exist');
    }
  };
  add(main, mustExist);
  const directory = `${main}.d`;
  const names = reader.list(directory);
  if (names === undefined && reader.stat(directory).state !== 'absent')
    unreadable(directory, 'is not a readable directory');
  for (const name of names ?? []) {
    if (name.startsWith('.')) continue;
    if (name.endsWith('.yaml')) add(`${directory}/${name}`, false);
    // A file that is silently not read costs its writer an evening; backups of editors and packages are no such files.
    else if (name.endsWith('.yml')) unreadable(`${directory}/${name}`, 'is ignored: its name must end in .yaml');
  }
  return { sources, problems };
}
