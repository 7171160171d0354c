import { stripVTControlCharacters } from 'node:util';

/** What the demo writes on: a terminal, or a pipe, which gets 80 columns and no colour. */
export interface Page {
  readonly columns: number;
  readonly colour: boolean;
  write(text: string): void;
}

type Ink = 'bold' | 'faint' | 'green' | 'red' | 'cyan';

const codes: Readonly<Record<Ink, number>> = { bold: 1, faint: 2, red: 31, green: 32, cyan: 36 };

export function pageFor(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Page {
  const terminal = stream.isTTY;
  return {
    columns: terminal ? Math.min(Math.max(stream.columns, 60), 100) : 80,
    colour: terminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
    write: (text) => stream.write(text),
  };
}

export function ink(page: Page, name: Ink, text: string): string {
  return page.colour ? `\u001b[${codes[name]}m${text}\u001b[0m` : text;
}

export function title(page: Page, text: string): void {
  page.write(`${ink(page, 'bold', text)}\n\n`);
}

/** A numbered heading that fills the line. */
export function heading(page: Page, number: number, text: string): void {
  const head = `── ${number}. ${text} `;
  page.write(`\n${ink(page, 'bold', head + '─'.repeat(Math.max(0, page.columns - head.length)))}\n`);
}

export function say(page: Page, text: string): void {
  page.write(`${wrap(text, page.columns, '').join('\n')}\n`);
}

export function command(page: Page, words: string): void {
  page.write(`\n${ink(page, 'cyan', `$ ${words}`)}\n`);
}

/**
 * The output of a command. Of a long table only the rows that are wanted, and how many were left out.
 * @param wanted first words of the rows to be shown; undefined shows all
 */
export function output(page: Page, text: string, wanted?: readonly string[]): void {
  const lines = text.replace(/\n+$/, '').split('\n');
  const shown = wanted === undefined ? lines : shorten(page, lines, wanted);
  for (const line of shown) page.write(`${wrap(line, page.columns, '    ').join('\n')}\n`);
}

/** A table begins under an empty line with its titles in capitals and goes on to the next empty line or the end. */
function shorten(page: Page, lines: readonly string[], wanted: readonly string[]): string[] {
  const shown: string[] = [];
  let inTable = false;
  let leftOut = 0;
  const close = (): void => {
    if (leftOut > 0) shown.push(ink(page, 'faint', `… and ${leftOut} more`));
    [inTable, leftOut] = [false, 0];
  };
  for (const line of lines) {
    const plain = stripVTControlCharacters(line);
    if (plain.trim() === '') close();
    if (!inTable) {
      inTable = /^[A-Z]{4,} {2}/.test(plain);
      shown.push(line);
    } else if (wanted.some((word) => plain.split(/ {2,}/).slice(0, 2).includes(word))) {
      shown.push(line);
    } else {
      leftOut += 1;
    }
  }
  close();
  return shown;
}

/** Breaks between items (` · `) or at spaces; escape sequences have no width. Lines after the first get `indent`. */
function wrap(text: string, columns: number, indent: string): string[] {
  const width = (piece: string): number => stripVTControlCharacters(piece).length;
  if (width(text) <= columns) return [text];
  const lead = /^ */.exec(text)?.[0] ?? '';
  const pieces = text.slice(lead.length).split(text.includes(' · ') ? / (?=· )/ : ' ');
  const lines: string[] = [];
  let line = lead + (pieces.shift() ?? '');
  for (const piece of pieces) {
    if (width(line) + 1 + width(piece) > columns) {
      lines.push(line.trimEnd());
      line = lead + indent + piece;
    } else {
      line += ` ${piece}`;
    }
  }
  return [...lines, line];
}
