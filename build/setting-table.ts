import { readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import type { Setting } from '../src/config/setting.ts';
import { settings } from '../src/config/settings.ts';

type Row = Setting<unknown, string>;

const rows: readonly (readonly [string, Row])[] = Object.entries(settings);

/** The default as Markdown. */
export function standardOf({ standard }: Pick<Row, 'standard'>): string {
  return 'yaml' in standard ? `\`${standard.yaml}\`` : standard.words;
}

/** docs/configuration.md with the file of the defaults and the table of the keys as the rows have them. */
export async function withSettings(text: string): Promise<string> {
  const prose = text.slice(0, text.indexOf('```yaml\n'));
  return format(`${prose}${defaultsFile()}\n\n${table()}\n`, {
    parser: 'markdown',
    printWidth: 120,
    proseWrap: 'preserve',
    singleQuote: true,
  });
}

function defaultsFile(): string {
  const lines = rows.flatMap(([key, { standard }], at) => {
    if (!('yaml' in standard)) return [];
    const [first = '', second] = key.split('.');
    if (second === undefined) return [`${first}: ${standard.yaml}`];
    const before = rows.slice(0, at).some(([other, row]) => other.startsWith(`${first}.`) && 'yaml' in row.standard);
    return [...(before ? [] : [`${first}:`]), `  ${second}: ${standard.yaml}`];
  });
  return ['```yaml', '# /etc/certmend/config.yaml: the defaults', ...lines, '```'].join('\n');
}

function table(): string {
  const lines = rows.map(
    ([key, row]) => `| \`${key}\` | ${standardOf(row)} | ${row.kind.bounds} | ${row.about.replaceAll('|', '\\|')} |`,
  );
  return [
    '| key | default | from, to | what it does, and why the default |',
    '| --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

if (import.meta.main) {
  const path = new URL('../docs/configuration.md', import.meta.url);
  writeFileSync(path, await withSettings(readFileSync(path, 'utf8')));
}
