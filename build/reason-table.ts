import { readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { messageId } from '../src/audit/audit-text.ts';
import { reasonCodes, reasons } from '../src/reason.ts';

/** The table at the end of docs/reasons.md, and the ids in docs/audit.md: what follows from src/reason.ts. */
export function reasonTable(): string {
  const rows = reasonCodes.map((code) => {
    const { about, nature, worst, by } = reasons[code];
    return `| \`${code}\` | ${about} | ${nature} | ${worst} | ${by} |`;
  });
  return ['| reason | about | kind | at worst | answered by |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

export function messageIdTable(): string {
  const rows = reasonCodes.map((code) => `| \`${code}\` | \`${messageId(code)}\` |`);
  return ['| reason | MESSAGE_ID |', '| --- | --- |', ...rows].join('\n');
}

/** A document with its last table replaced. */
export async function withTable(text: string, table: string): Promise<string> {
  const begin = text.search(/^\| reason /m);
  return format(`${begin === -1 ? `${text}\n` : text.slice(0, begin)}${table}\n`, {
    parser: 'markdown',
    printWidth: 120,
    proseWrap: 'preserve',
    singleQuote: true,
  });
}

if (import.meta.main) {
  for (const [name, table] of [
    ['reasons', reasonTable()],
    ['audit', messageIdTable()],
  ] as const) {
    const path = new URL(`../docs/${name}.md`, import.meta.url);
    writeFileSync(path, await withTable(readFileSync(path, 'utf8'), table));
  }
}
