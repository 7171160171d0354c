import { readProject } from './project.ts';

/** A row of the table of docs/configuration.md, still in Markdown. */
export interface DocumentedKey {
  readonly name: string;
  readonly standard: string;
  readonly range: string;
  readonly meaning: string;
}

/**
 * The configuration keys as docs/configuration.md has them: the one source of what is said about them.
 *
 * @throws Error when the table is not found
 */
export function documentedKeys(markdown = readProject('docs', 'configuration.md')): readonly DocumentedKey[] {
  const rows = markdown.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const [, key = '', standard = '', range = '', meaning = ''] = cells;
    const name = /^`([A-Za-z.]+)`$/.exec(key)?.[1];
    return name === undefined ? [] : [{ name, standard, range, meaning }];
  });
  if (rows.length === 0) throw new Error('docs/configuration.md has no table of keys');
  return rows;
}
