import type { ExitStatus } from '../error.ts';
import type { Io } from './io.ts';

/**
 * A command is a value: what it is called, what it takes, and where its work is. Only cli/yargs.ts turns this into a
 * parser, and nothing but the named command's module is loaded.
 */
export interface Command {
  /** One word, or two: then the first one has its line in `groups` (cli/commands.ts). */
  readonly name: string;
  readonly positionals: readonly PositionalSpec[];
  readonly describe: string;
  /** A few sentences below the usage line: when to use it, what it changes, what its exit statuses mean. */
  readonly details: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly (readonly [command: string, meaning: string])[];
  readonly load: () => Promise<{ readonly run: Run }>;
}

/** @param args with a member for each option and each positional of the command, as `ArgumentsOf` says */
export type Run = (args: Arguments & Readonly<Record<string, unknown>>, io: Io) => Promise<ExitStatus>;

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
  /** May be given several times, and all of them count. */
  readonly many?: boolean;
}

export type OutputFormat = 'table' | 'json' | 'yaml';

/** What every command takes; a command's own options and words are members beside these. */
export interface Arguments {
  readonly root: string;
  readonly config: string | undefined;
  readonly output: OutputFormat;
  readonly verbose: boolean;
  readonly believeClock: boolean;
}

/** As the parser fills them in where nothing is said. */
export const noArguments: Arguments = {
  root: '/',
  config: undefined,
  output: 'table',
  verbose: false,
  believeClock: false,
};

/** What a session needs to know of a command line; a command that has no such option says nothing of it. */
export interface SessionArguments extends Arguments {
  readonly at?: string | undefined;
  readonly unit?: string | undefined;
  readonly repairBootstrap?: boolean;
}

/** Of an option or a positional: `reuse-key` on the command line is `reuseKey` in the program. */
export type MemberName<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<MemberName<Rest>>}`
  : Name;

type OptionValue<Spec extends OptionSpec> = Spec['type'] extends 'boolean'
  ? boolean
  : Spec extends { readonly many: true }
    ? readonly string[]
    : Spec extends { readonly required: true }
      ? string
      : string | undefined;

type Word<Spec extends PositionalSpec> = Spec extends { readonly choices: readonly (infer Choice)[] } ? Choice : string;

type PositionalValue<Spec extends PositionalSpec> = Spec['many'] extends true
  ? readonly Word<Spec>[]
  : Spec['required'] extends true
    ? Word<Spec>
    : Word<Spec> | undefined;

/** What a command is run with, by what it takes. */
export type ArgumentsOf<
  Options extends Readonly<Record<string, OptionSpec>>,
  Positionals extends readonly PositionalSpec[],
> = Arguments & {
  readonly [Name in keyof Options & string as MemberName<Name>]: OptionValue<Options[Name]>;
} & { readonly [Spec in Positionals[number] as Spec['name']]: PositionalValue<Spec> };

/** A command whose module asks for nothing that its row does not take: else this does not compile. */
export function command<
  const Options extends Readonly<Record<string, OptionSpec>>,
  const Positionals extends readonly PositionalSpec[],
>(
  row: Omit<Command, 'load'> & {
    readonly options: Options;
    readonly positionals: Positionals;
    readonly load: () => Promise<{
      readonly run: (args: ArgumentsOf<Options, Positionals>, io: Io) => Promise<ExitStatus>;
    }>;
  },
): Command {
  // The parser makes the members by the same row (cli/yargs.ts, argumentsOf), which no type can follow.
  return row as unknown as Command;
}

export const outputFormats = ['table', 'json', 'yaml'] as const satisfies readonly OutputFormat[];

export function isOutputFormat(text: string): text is OutputFormat {
  return (outputFormats as readonly string[]).includes(text);
}
