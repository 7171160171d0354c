import { steering } from '../disk/json-text.ts';

/* What text is written on, and how it may be put there: in colour, in so many columns, and nothing that steers. */

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

/** The text on one line, as a terminal may safely be given it. */
export function printable(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ').replace(steering, '\ufffd');
}

/** Two columns on a terminal: East Asian wide and full-width forms (UAX 11), and pictures. */
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
/** Printable ASCII, Latin letters and general punctuation: a column each, and nothing that joins its neighbour. */
const plain = /^[\x20-\x7e\xa1-\xac\xae-\u024f\u2010-\u2027]*$/;

let segmenter: Intl.Segmenter | undefined;

/** Made for the first text that needs it: its tables cost 10 ms, a tenth of a whole boot hook. */
function graphemesOf(text: string): Iterable<Intl.SegmentData> {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return segmenter.segment(text);
}

/** Columns that the text takes on a terminal. */
export function textWidth(text: string): number {
  if (plain.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemesOf(text)) width += wide.test(segment) ? 2 : 1;
  return width;
}

/** The text cut to a width, with `…` in place of what is left out. */
export function cutToWidth(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (plain.test(text)) return width > 0 ? `${text.slice(0, width - 1)}…` : '';
  let cut = '';
  let used = 1;
  for (const { segment } of graphemesOf(text)) {
    used += wide.test(segment) ? 2 : 1;
    if (used > width) break;
    cut += segment;
  }
  return width > 0 ? `${cut}…` : '';
}
