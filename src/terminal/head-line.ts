import { type Ink, paint, type Paper } from './paper.ts';
import { printable } from './printable.ts';
import { textWidth } from './text-width.ts';

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
