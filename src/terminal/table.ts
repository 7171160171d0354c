import { type Ink, paint, type Paper, printable, cutToWidth, textWidth } from './paper.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** May be cut down to this many columns on a narrow terminal; without it, never. */
  readonly least?: number;
  /** Left out on a narrow terminal, lowest first; without it, never. */
  readonly rank?: number;
}

export interface Cell {
  readonly text: string;
  readonly ink?: Ink | undefined;
}

const gap = '  ';

/**
 * An aligned table, a line per row, each line ended. A column that is empty throughout is left out. On a terminal it
 * is made to fit: first long cells are cut, then whole columns go, the least important first.
 */
export function renderTable(columns: readonly Column[], rows: readonly (readonly Cell[])[], paper: Paper): string {
  const clean = rows.map((row) => row.map((cell) => ({ ...cell, text: printable(cell.text) })));
  const natural = columns.map(({ title }, index): Sized => {
    const widest = clean.reduce((width, row) => Math.max(width, textWidth(row[index]?.text ?? '')), 0);
    return { index, width: widest === 0 ? 0 : Math.max(textWidth(title), widest) };
  });
  const used = fit(
    columns,
    natural.filter(({ width }) => width > 0),
    paper.columns,
  );
  const heading = columns.map(({ title }): Cell => ({ text: title, ink: 'bold' }));
  return [heading, ...clean].map((row) => `${line(columns, used, row, paper)}\n`).join('');
}

interface Sized {
  readonly index: number;
  readonly width: number;
}

function fit(columns: readonly Column[], sized: readonly Sized[], available: number | undefined): readonly Sized[] {
  if (available === undefined) return sized;
  let used = sized;
  for (;;) {
    const cut = cutDown(columns, used, available);
    if (total(cut) <= available) return cut;
    const [leastImportant] = used
      .map(({ index }) => ({ index, rank: columns[index]?.rank ?? Infinity }))
      .toSorted((a, b) => a.rank - b.rank);
    if (leastImportant === undefined || leastImportant.rank === Infinity) return cut;
    used = used.filter(({ index }) => index !== leastImportant.index);
  }
}

/** Takes what is too much from the widest column that may be cut, one column at a time, so that all suffer alike. */
function cutDown(columns: readonly Column[], sized: readonly Sized[], available: number): readonly Sized[] {
  const widths = sized.map((column) => ({ ...column }));
  for (let excess = total(widths) - available; excess > 0; excess -= 1) {
    const [widest] = widths
      .filter(({ index, width }) => width > (columns[index]?.least ?? Infinity))
      .toSorted((a, b) => b.width - a.width);
    if (widest === undefined) break;
    widest.width -= 1;
  }
  return widths;
}

function total(sized: readonly Sized[]): number {
  return sized.reduce((sum, { width }) => sum + width, Math.max(0, sized.length - 1) * gap.length);
}

function line(columns: readonly Column[], used: readonly Sized[], row: readonly Cell[], paper: Paper): string {
  const parts = used.map(({ index, width }, position) => {
    const cell = row[index] ?? { text: '' };
    const text = cutToWidth(cell.text, width);
    const space = ' '.repeat(Math.max(0, width - textWidth(text)));
    const painted = paint(text, cell.ink, paper);
    if (columns[index]?.align === 'right') return space + painted;
    return position === used.length - 1 ? painted : painted + space;
  });
  return parts.join(gap).trimEnd();
}
