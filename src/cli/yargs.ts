import { printable } from '../terminal/paper.ts';
import yargs, { type Argv, type Options } from 'yargs';
import { version } from '../build-info.ts';
import { CertmendError, exitStatus } from '../error.ts';
import { type Command, type Run, isOutputFormat, outputFormats } from './command.ts';
import { commands, groups } from './commands.ts';
import type { Io } from './io.ts';

/** The command that was asked for and its arguments. */
export interface Invocation {
  readonly command: Command;
  readonly args: Parameters<Run>[0];
}

/** What every command takes. certmend(8) is made from this too. */
export const globalOptions = {
  root: {
    type: 'string',
    default: '/',
    global: true,
    requiresArg: true,
    describe: 'treat DIR as the root of the node: a mounted disk, a backup, a test tree',
  },
  config: {
    type: 'string',
    global: true,
    requiresArg: true,
    describe: 'configuration file instead of /etc/certmend/config.yaml',
  },
  output: {
    alias: 'o',
    choices: outputFormats,
    default: 'table',
    global: true,
    requiresArg: true,
    describe: 'output format',
  },
  verbose: {
    alias: 'v',
    type: 'boolean',
    default: false,
    global: true,
    describe: 'print on standard error how the layout was detected and where its settings come from',
  },
  'believe-clock': {
    type: 'boolean',
    default: false,
    global: true,
    describe: 'trust the clock of this machine: you have checked that it is right',
  },
} as const satisfies Readonly<Record<string, Options & { readonly describe: string }>>;

/**
 * The one file that knows the argument parser.
 *
 * @returns undefined when help, the version or a completion was asked for and has been printed
 * @throws CertmendError Usage (exit 64)
 */
export async function parse(argv: readonly string[], io: Io): Promise<Invocation | undefined> {
  let chosen: Invocation | undefined;
  const add = (parser: Argv, command: Command): Argv =>
    parser.command(
      commandLine(command),
      command.describe,
      (own) => describeCommand(own, command),
      (values) => {
        chosen = { command, args: argumentsOf(command, values) };
      },
    );
  const parser = inGroups(commands).reduce<Argv>(
    (sofar, one) => (isGroup(one) ? addGroup(sofar, one, add) : add(sofar, one)),
    describeProgram(yargs([...argv]), io, argv),
  );
  let printed = '';
  await parser.parseAsync([...argv], {}, (_error: unknown, _values: unknown, output: string) => {
    printed = output;
  });
  if (printed !== '') {
    io.stdout.write(`${printed}\n`);
    return undefined;
  }
  if (chosen === undefined) throw usage('a command is missing');
  return chosen;
}

/** Commands whose names share their first word. */
interface Group {
  readonly word: string;
  readonly members: readonly Command[];
}

function isGroup(one: Command | Group): one is Group {
  return 'members' in one;
}

/** A group stands where its first command does. */
function inGroups(all: readonly Command[]): readonly (Command | Group)[] {
  const byFirstWord = Map.groupBy(all, ({ name }) => firstWord(name));
  return [...byFirstWord].flatMap(([word, members]): readonly (Command | Group)[] =>
    word in groups ? [{ word, members }] : members,
  );
}

function addGroup(parser: Argv, { word, members }: Group, add: (parser: Argv, command: Command) => Argv): Argv {
  const describe = groups[word] ?? '';
  const names = members.map(({ name }) => lastWord(name));
  return parser.command(word, describe, (own) =>
    members
      .reduce(add, own)
      .usage(`certmend ${word} COMMAND\n\n${describe}`)
      .demandCommand(1, 1, `${word} needs a command: ${names.join(', ')}`)
      .epilogue(`certmend ${word} COMMAND --help explains a command.`),
  );
}

function firstWord(name: string): string {
  return name.split(' ')[0] ?? name;
}

function lastWord(name: string): string {
  return name.split(' ').at(-1) ?? name;
}

function describeProgram(parser: Argv, io: Io, argv: readonly string[]): Argv {
  return parser
    .scriptName('certmend')
    .usage(
      'certmend keeps the certificates of a Kubernetes node alive.\n\n$0 [--root DIR] [--config FILE] [-o FORMAT] COMMAND',
    )
    .locale('en')
    .strict()
    .recommendCommands()
    .exitProcess(false)
    .parserConfiguration({
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .middleware(takeLast, true)
    .wrap(io.stdout.columns === undefined ? 80 : Math.min(io.stdout.columns, 100))
    .options(globalOptions)
    .version(version)
    .help()
    .completion('completion', 'print a completion script for the shell: source <(certmend completion)')
    .demandCommand(1, 'a command is missing')
    .epilogue(
      'certmend COMMAND --help explains a command. On a bad day: certmend check, certmend plan, certmend why ENTRY.',
    )
    .fail((message: string | null, error: Error | undefined) => {
      // The callback must throw: else the command would run with arguments that were just refused.
      if (error !== undefined && error.name !== 'YError') throw error;
      throw usage(said(error?.message ?? message ?? 'invalid command line', argv));
    });
}

/** What the parser counts (`got 0, need at least 1`) in the words of the command. */
function said(message: string, argv: readonly string[]): string {
  const option = /^Not enough arguments following: (.*)$/.exec(message)?.[1];
  if (option !== undefined) return `${option.length === 1 ? '-' : '--'}${option} needs a value`;
  if (!message.startsWith('Not enough non-option arguments')) return message;
  const command = commands.find(({ name }) => name.split(' ').every((word) => argv.includes(word)));
  const missing = command?.positionals.find(({ required }) => required);
  return command === undefined || missing === undefined
    ? 'an argument is missing on the command line'
    : `${command.name} needs ${missing.name.toUpperCase()}: ${missing.describe.replaceAll('`', '')}`;
}

function describeCommand(parser: Argv, command: Command): Argv {
  parser.usage(`certmend ${usageLine(command)}\n\n${command.describe}\n\n${command.details}`);
  for (const { name, describe, choices } of command.positionals)
    parser.positional(name, { type: 'string', describe, ...(choices === undefined ? {} : { choices }) });
  for (const [name, { type, describe, required }] of Object.entries(command.options)) {
    parser.option(name, {
      describe,
      demandOption: required ?? false,
      ...(type === 'boolean' ? { type, default: false } : { type, requiresArg: true }),
    });
  }
  for (const [example, meaning] of command.examples) parser.example(example, meaning);
  return parser;
}

/** As the parser wants it, inside its group. */
function commandLine(command: Command): string {
  return usageLine({ ...command, name: lastWord(command.name) });
}

function usageLine({ name, positionals }: Command): string {
  const words = positionals.map((word) => {
    const inside = word.many ? `${word.name}..` : word.name;
    return word.required ? `<${inside}>` : `[${inside}]`;
  });
  return [name, ...words].join(' ');
}

/** The members that `ArgumentsOf` promises to the command. */
function argumentsOf(
  { name: command, options, positionals }: Command,
  values: Readonly<Record<string, unknown>>,
): Invocation['args'] {
  // The parser would leave them out, and `rotate -- ENTRY` would be a rotation of everything.
  const given = Array.isArray(values['_']) ? (values['_'] as readonly unknown[]) : [];
  const unread = given.slice(command.split(' ').length);
  if (unread.length > 0)
    throw usage(`no arguments are allowed after --: ${unread.map((word) => printable(String(word))).join(' ')}`);
  const output = values['output'];
  if (typeof output !== 'string' || !isOutputFormat(output))
    throw usage(`--output must be one of ${outputFormats.join(', ')}`);
  const own = Object.entries(options).map(([name, { type, many = false }]): readonly [string, unknown] => {
    return [
      memberName(name),
      type === 'boolean' ? values[name] === true : many ? texts(values, name) : text(values, name),
    ];
  });
  const words = positionals.map(({ name, many }): readonly [string, unknown] => {
    const value = values[name];
    const given = (Array.isArray(value) ? value : [value]).filter((word) => typeof word === 'string');
    return [name, many ? given : given[0]];
  });
  return {
    ...Object.fromEntries([...own, ...words]),
    root: text(values, 'root') ?? '/',
    config: text(values, 'config'),
    output,
    verbose: values['verbose'] === true,
    believeClock: values['believe-clock'] === true,
  };
}

function memberName(option: string): string {
  return option.replace(/-([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}

/** What is a list by nature: the words, those behind `--`, and the entries of a command that takes several. */
const lists = new Set([
  '_',
  '--',
  ...commands.flatMap(({ positionals }) => positionals.filter(({ many }) => many).map(({ name }) => name)),
  ...commands.flatMap(({ options }) =>
    Object.entries(options).flatMap(([name, { many }]) => (many === true ? [name] : [])),
  ),
]);

/**
 * An option that is given twice counts as it was given last. Not by the parser's own setting for that, which takes the
 * last of several words too, where all are meant.
 */
function takeLast(values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values))
    if (Array.isArray(value) && !lists.has(name)) values[name] = value.at(-1);
}

function text(values: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = values[name];
  if (value === '') throw usage(`--${name} needs a value`);
  return typeof value === 'string' ? value : undefined;
}

function texts(values: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  const value = values[name];
  const given = Array.isArray(value) ? (value as readonly unknown[]) : value === undefined ? [] : [value];
  if (given.includes('')) throw usage(`--${name} needs a value`);
  return given.filter((word) => typeof word === 'string');
}

function usage(message: string): CertmendError {
  return new CertmendError('Usage', message, {
    exit: exitStatus.usage,
    hint: 'certmend --help lists the commands and options',
  });
}
