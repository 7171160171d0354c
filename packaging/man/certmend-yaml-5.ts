import { documentedKeys, type DocumentedKey } from '../documented-keys.ts';
import { readProject } from '../project.ts';
import type { Release } from '../release.ts';
import { roff, roffTitle } from './roff.ts';

/** certmend.yaml(5): prose from certmend.yaml.5.md, keys from the table of docs/configuration.md. */
export function certmendYaml5({ epoch, version }: Release): string {
  const prose = readProject('packaging', 'man', 'certmend.yaml.5.md');
  const text = prose.replace('@KEYS@', documentedKeys().map(describe).join('\n\n'));
  return roffTitle('CERTMEND.YAML', 5, epoch, version) + roff(text);
}

function describe({ name, standard, range, meaning }: DocumentedKey): string {
  const limits =
    range === '' ? '' : range.includes(', ') ? ` From ${range.replace(', ', ' to ')}.` : ` Takes ${range}.`;
  return `\`${name}\`\n: ${meaning}\nDefault: ${standard}.${limits}`;
}
