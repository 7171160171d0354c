import type { ReasonCode } from '../reason.ts';
import { paint, type Paper } from './paper.ts';
import { printable } from './printable.ts';
import { textWidth } from './text-width.ts';

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
