import { commands } from '../../src/cli/commands.ts';
import { globalOptions } from '../../src/cli/yargs.ts';
import { readProject } from '../project.ts';
import type { Release } from '../release.ts';
import { describeCommand, sentence, valueName } from './describe-command.ts';
import { roff, roffTitle } from './roff.ts';

/** certmend(8): prose from certmend.8.md, commands and options from what the program itself is made of. */
export function certmend8({ epoch, version }: Release): string {
  const prose = readProject('packaging', 'man', 'certmend.8.md');
  const text = prose
    .replace('@OPTIONS@', optionList())
    .replace('@COMMANDS@', commands.map(describeCommand).join('\n\n'));
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
