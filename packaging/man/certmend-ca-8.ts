import { commands } from '../../src/cli/commands.ts';
import { readProject } from '../project.ts';
import type { Release } from '../release.ts';
import { describeCommand } from './describe-command.ts';
import { roff, roffTitle } from './roff.ts';

/** certmend-ca(8): the page for the worst day; prose from certmend-ca.8.md, commands from what the program itself is made of. */
export function certmendCa8({ epoch, version }: Release): string {
  const own = commands.filter(({ name }) => name.startsWith('ca '));
  const text = readProject('packaging', 'man', 'certmend-ca.8.md').replace(
    '@COMMANDS@',
    own.map(describeCommand).join('\n\n'),
  );
  return roffTitle('CERTMEND-CA', 8, epoch, version) + roff(text);
}
