/** What text is written on. */
export interface Paper {
  /** Width of the terminal; undefined where there is none: then nothing is cut or left out. */
  readonly columns: number | undefined;
  readonly colour: boolean;
}

/** For pipes, files and journals. */
export const plainPaper: Paper = { columns: undefined, colour: false };

/**
 * Colour and width only on a terminal; `NO_COLOR` (no-color.org: any value but the empty one) and dumb terminals have
 * no colour.
 */
export function paperFor(
  output: { readonly isTerminal: boolean; readonly columns: number | undefined },
  env: Readonly<Record<string, string | undefined>>,
): Paper {
  if (!output.isTerminal) return plainPaper;
  // A terminal of unknown width is taken for the width that everything has been made to fit.
  return { columns: output.columns ?? 80, colour: (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb' };
}

export type Ink = 'red' | 'yellow' | 'green' | 'faint' | 'bold';

const start: Readonly<Record<Ink, string>> = {
  red: '\u001b[31m',
  yellow: '\u001b[33m',
  green: '\u001b[32m',
  faint: '\u001b[2m',
  bold: '\u001b[1m',
};

export function paint(text: string, ink: Ink | undefined, paper: Paper): string {
  return ink === undefined || !paper.colour || text === '' ? text : `${start[ink]}${text}\u001b[0m`;
}
