/** A median with its extremes. */
export interface Figure {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function figureOf(values: readonly number[]): Figure {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    least: at(0),
    most: at(sorted.length - 1),
  };
}

/** Round by round: what disturbed a round disturbed both. */
export function ratio(of: readonly number[], to: readonly number[]): Figure {
  return figureOf(of.map((value, index) => value / (to[index] ?? Number.NaN)));
}

/** One row of the table of budgets. */
export interface Row {
  readonly what: string;
  readonly budget?: number;
  readonly aim?: number;
  /** `×` a ratio, `ms` milliseconds per certificate. */
  readonly unit: '×' | 'ms';
  /** Undefined for what does not exist yet. */
  readonly figure: Figure | undefined;
}

/** As Markdown, so that it can stand in docs/benchmarks.md as it is. */
export function budgetTable(rows: readonly Row[]): string {
  return markdown(
    ['what', 'budget', 'aim', 'median', 'least … most', ''],
    rows.map(({ what, budget, aim, unit, figure }) => {
      const said = (value: number | undefined): string => (value === undefined ? '' : `${number(value)} ${unit}`);
      return [
        what,
        said(budget),
        said(aim),
        said(figure?.median),
        figure === undefined ? '' : `${number(figure.least)} … ${number(figure.most)}`,
        verdict(figure?.median, budget, aim),
      ];
    }),
  );
}

function verdict(median: number | undefined, budget: number | undefined, aim: number | undefined): string {
  if (median === undefined) return 'not built yet';
  if (aim !== undefined && median <= aim) return 'ok, aim met';
  if (budget === undefined) return '';
  return median <= budget ? 'ok' : 'over';
}

export function timeTable(times: ReadonlyMap<string, readonly number[]>): string {
  return markdown(
    ['what', 'median', 'least … most'],
    [...times].map(([what, values]) => {
      const { median, least, most } = figureOf(values);
      return [what, `${number(median)} ms`, `${number(least)} … ${number(most)}`];
    }),
  );
}

function number(value: number): string {
  return value < 1 ? value.toFixed(3) : value < 100 ? value.toFixed(2) : value.toFixed(0);
}

function markdown(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0), 3),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |\n`;
  return line(titles) + line(widths.map((width) => '-'.repeat(width))) + rows.map(line).join('');
}
