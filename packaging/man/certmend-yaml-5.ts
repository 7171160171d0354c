import type { Setting } from '../../src/config/setting.ts';
import { settings } from '../../src/config/settings.ts';
import { standardOf } from '../../build/setting-table.ts';
import { readProject } from '../project.ts';
import type { Release } from '../release.ts';
import { roff, roffTitle } from './roff.ts';

/** certmend.yaml(5): prose from certmend.yaml.5.md, keys from the rows of the settings. */
export function certmendYaml5({ epoch, version }: Release): string {
  const prose = readProject('packaging', 'man', 'certmend.yaml.5.md');
  const text = prose.replace('@KEYS@', Object.entries(settings).map(describe).join('\n\n'));
  return roffTitle('CERTMEND.YAML', 5, epoch, version) + roff(text);
}

function describe([name, row]: readonly [string, Setting<unknown, string>]): string {
  const { bounds } = row.kind;
  const limits =
    bounds === '' ? '' : bounds.includes(', ') ? ` From ${bounds.replace(', ', ' to ')}.` : ` Takes ${bounds}.`;
  return `\`${name}\`\n: ${row.about}\nDefault: ${standardOf(row)}.${limits}`;
}
