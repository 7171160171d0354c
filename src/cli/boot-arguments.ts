import { isOutputFormat, noArguments, type Arguments } from './command.ts';
import type { PrestartArguments } from './commands/prestart.ts';

/** A command line that systemd runs, and nobody types. */
export type BootCommand =
  | { readonly name: 'prestart'; readonly args: PrestartArguments }
  | { readonly name: 'daemon'; readonly args: Arguments };

/**
 * Reads the two command lines that systemd runs, without loading the argument parser that every other command goes
 * through: it costs as much time as the whole healthy boot hook, and the daemon would have its 10 MB for life. Knows
 * exactly the forms below and says undefined to anything else, which then takes the ordinary way and gets its help or
 * its error there.
 *
 * `[--root DIR] [--config FILE] [-o FORMAT] prestart --unit UNIT [--strict]`, or `daemon` without the two last; values
 * also as `--name=value`, the options in brackets before or behind the command's name.
 */
export function readBootArguments(argv: readonly string[]): BootCommand | undefined {
  const values = new Map<string, string>();
  const flags = new Set<string>();
  let command: BootCommand['name'] | undefined;
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    const equals = word.startsWith('--') ? word.indexOf('=') : -1;
    const name = equals === -1 ? word : word.slice(0, equals);
    const option = valueOptions.get(name);
    // The parser knows the options of a command only behind its name.
    const isKnown = option !== undefined && (option !== 'unit' || command === 'prestart');
    if (isKnown) {
      const value = equals === -1 ? argv[(index += 1)] : word.slice(equals + 1);
      if (value === undefined || value === '' || value.startsWith('-')) return undefined;
      values.set(option, value);
    } else if (word === '--strict' && command === 'prestart') {
      flags.add('strict');
    } else if ((word === 'prestart' || word === 'daemon') && command === undefined) {
      command = word;
    } else {
      return undefined;
    }
  }
  const unit = values.get('unit');
  const output = values.get('output') ?? 'table';
  if (!isOutputFormat(output)) return undefined;
  const args: Arguments = { ...noArguments, root: values.get('root') ?? '/', config: values.get('config'), output };
  if (command === 'daemon') return { name: command, args };
  if (command === undefined || unit === undefined) return undefined;
  const strict = flags.has('strict');
  return { name: command, args: { ...args, unit, strict, repairBootstrap: false } };
}

const valueOptions: ReadonlyMap<string, string> = new Map([
  ['--root', 'root'],
  ['--config', 'config'],
  ['--output', 'output'],
  ['-o', 'output'],
  ['--unit', 'unit'],
]);
