import type { Command, OptionSpec } from '../../src/cli/command.ts';

/** A command in the form of a manual page: what it does, its words and options, examples. */
export function describeCommand({ name, positionals, describe: what, details, options, examples }: Command): string {
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
export function valueName(option: string): string {
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

export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?]$/.test(text) ? '' : '.'}`;
}
