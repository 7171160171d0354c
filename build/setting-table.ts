import { readFileSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { format } from 'prettier';
import { configOf } from '../src/config/config.ts';
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

/**
 * src/config/default-config.ts. Made ahead, since making it takes a hundredth of the boot hook's time, and a node without
 * a configuration file needs nothing else of the rows.
 */
export async function defaultConfigSource(): Promise<string> {
  const text = `import type { Config } from './config.ts';

/** What holds where no file says anything: the defaults of settings.ts, made from there by \`node build/setting-table.ts\`. */
export const defaultConfig: Config = ${inspect(configOf(new Map()), { depth: 4, breakLength: Infinity })};
`;
  return format(text, { parser: 'typescript', printWidth: 120, singleQuote: true, trailingComma: 'all' });
}

if (import.meta.main) {
  writeFileSync(new URL('../src/config/default-config.ts', import.meta.url), await defaultConfigSource());

  const path = new URL('../docs/configuration.md', import.meta.url);
  writeFileSync(path, await withSettings(readFileSync(path, 'utf8')));
}
