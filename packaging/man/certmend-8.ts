import { commands } from '../../src/cli/commands.ts';
import type { Command, OptionSpec } from '../../src/cli/command.ts';
import { globalOptions } from '../../src/cli/yargs.ts';
import { readProject } from '../project.ts';
import type { Release } from '../release.ts';
import { roff, roffTitle } from './roff.ts';

/** certmend(8): prose from certmend.8.md, commands and options from what the program itself is made of. */
export function certmend8({ epoch, version }: Release): string {
  const prose = readProject('packaging', 'man', 'certmend.8.md');
  const text = prose.replace('@OPTIONS@', optionList()).replace('@COMMANDS@', commands.map(describe).join('\n\n'));
  return roffTitle('CERTMEND', 8, epoch, version) + roff(text);
}

function optionList(): string {
  const own = Object.entries(globalOptions).map(([name, option]) => {
    const short = 'alias' in option ? `\`-${option.alias}\`, ` : '';
    const value = 'type' in option ? (option.type === 'boolean' ? '' : ' ' + valueName(name)) : ' FORMAT';
    const choices = 'choices' in option ? ` One of ${option.choices.join(', ')}.` : '';
    return `${short}\`--${name}\`${value}\n: ${sentence(option.describe)}${choices}`;
  });
  return [...own, '`--version`\n: The version.', '`--help`\n: Help; after a command, its own.'].join('\n\n');
}

function describe({ name, positionals, describe: what, details, options, examples }: Command): string {
  const words = positionals.map((word) => {
    const inside = word.many ? `${word.name}...` : word.name;
    return word.required ? inside : `[${inside}]`;
  });
  const parts = [
    `## ${[name, ...words].join(' ')}`,
    `${sentence(what)}\n${details}`,
    ...positionals.map(({ name: word, describe: meaning, choices }) => {
      const list = choices === undefined ? '' : ` One of ${choices.join(', ')}.`;
      return `\`${word}\`\n: ${sentence(meaning)}${list}`;
    }),
    ...Object.entries(options).map(([option, spec]) => describeOption(option, spec)),
    ...examples.map(([line, meaning]) => `    # ${meaning}\n    ${line}`),
  ];
  return parts.join('\n\n');
}

function describeOption(name: string, { type, describe: meaning, required }: OptionSpec): string {
  const value = type === 'boolean' ? '' : ` ${valueName(name)}`;
  return `\`--${name}\`${value}\n: ${sentence(meaning)}${required === true ? ' Required.' : ''}`;
}

/** What stands for the value in a synopsis. */
function valueName(option: string): string {
  const names: Readonly<Record<string, string>> = {
    root: 'DIR',
    config: 'FILE',
    path: 'DIR',
    html: 'FILE',
    at: 'TIME',
    unit: 'UNIT',
  };
  return names[option] ?? 'VALUE';
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?]$/.test(text) ? '' : '.'}`;
}
