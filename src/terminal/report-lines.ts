import { type Ink, paint, type Paper, printable, textWidth } from './paper.ts';
import type { ReasonCode } from '../reason.ts';

/**
 * The first line of a text: its verdict in colour, then facts, parted by dots. What does not fit on the terminal goes
 * to the next line as a whole.
 */
export function headLine(verdict: string, ink: Ink | undefined, facts: readonly string[], paper: Paper): string {
  let used = textWidth(printable(verdict));
  let text = paint(printable(verdict), ink, paper);
  for (const fact of facts.map(printable)) {
    const width = textWidth(fact);
    const fits = used + 3 + width <= (paper.columns ?? Infinity);
    text += fits ? ` · ${fact}` : `\n  ${fact}`;
    used = fits ? used + 3 + width : 2 + width;
  }
  return `${text}\n`;
}

/** Which tree it is about; nothing when it is the node itself. */
export function rootFact(root: string): readonly string[] {
  return root === '/' ? [] : [`root ${root}`];
}

export interface ReasonText {
  readonly code: ReasonCode;
  readonly id?: string | null | undefined;
  readonly message: string;
}

/**
 * Reasons for a person: one paragraph per code, the first message in full and how many entries share it, for after a
 * year in a box all thirty certificates say the same thing. Wrapped on a terminal.
 */
export function reasonLines(reasons: readonly ReasonText[], paper: Paper): string {
  const groups = Map.groupBy(reasons, ({ code }) => code);
  const indent = Math.max(0, ...[...groups.keys()].map((code) => code.length)) + 4;
  return [...groups]
    .map(([code, [first, ...others]]) => {
      const more = others.length === 0 ? '' : ` (and ${String(others.length)} more)`;
      const body = wrap(`${sentence(first)}${more}`, (paper.columns ?? Infinity) - indent, ' '.repeat(indent));
      return `  ${paint(code, 'bold', paper)}${' '.repeat(indent - 2 - code.length)}${body}\n`;
    })
    .join('');
}

function sentence(reason: ReasonText | undefined): string {
  const message = printable(reason?.message ?? '');
  const id = printable(reason?.id ?? '');
  return id === '' || message.includes(id) ? message : `${id}: ${message}`;
}

/** Breaks between words; a word longer than the line keeps its line to itself, for a path must stay copyable. */
export function wrap(text: string, width: number, indent: string): string {
  let line = 0;
  let wrapped = '';
  for (const word of text.split(' ')) {
    const size = textWidth(word);
    if (line > 0 && line + 1 + size > width) {
      wrapped += `\n${indent}`;
      line = 0;
    }
    wrapped += line === 0 ? word : ` ${word}`;
    line += (line === 0 ? 0 : 1) + size;
  }
  return wrapped;
}
