import type { ExitStatus } from '../error.ts';
import type { Io } from './io.ts';

/**
 * A command is a value: what it is called, what it takes, and where its work is. Only cli/yargs.ts turns this into a
 * parser, and nothing but the named command's module is loaded.
 */
export interface Command {
  readonly name: string;
  readonly positionals: readonly PositionalSpec[];
  readonly describe: string;
  /** A few sentences below the usage line: when to use it, what it changes, what its exit statuses mean. */
  readonly details: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly (readonly [command: string, meaning: string])[];
  readonly load: () => Promise<{ readonly run: Run }>;
}

export type Run = (args: Arguments, io: Io) => Promise<ExitStatus>;

export interface PositionalSpec {
  readonly name: string;
  readonly describe: string;
  readonly required: boolean;
  /** Takes all the words that are left. */
  readonly many: boolean;
  readonly choices?: readonly string[];
}

export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly describe: string;
  readonly required?: boolean;
}

export type OutputFormat = 'table' | 'json' | 'yaml';

/** Everything any command can be given; a command reads what its own `options` name. */
export interface Arguments {
  readonly root: string;
  readonly config: string | undefined;
  readonly output: OutputFormat;
  readonly verbose: boolean;
  readonly believeClock: boolean;
  readonly at: string | undefined;
  readonly path: string | undefined;
  readonly unit: string | undefined;
  readonly strict: boolean;
  readonly repairBootstrap: boolean;
  readonly reuseKey: boolean;
  readonly yes: boolean;
  readonly writeDropIns: boolean;
  /** Positional arguments, in order. */
  readonly words: readonly string[];
}

export const noArguments: Arguments = {
  root: '/',
  config: undefined,
  output: 'table',
  verbose: false,
  believeClock: false,
  at: undefined,
  path: undefined,
  unit: undefined,
  strict: false,
  repairBootstrap: false,
  reuseKey: false,
  yes: false,
  writeDropIns: false,
  words: [],
};
