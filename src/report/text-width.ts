const segments = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** Two columns on a terminal: East Asian wide and full-width forms (UAX 11), and pictures. */
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const plain = /^[\x20-\x7e]*$/;

/** Columns that the text takes on a terminal. */
export function textWidth(text: string): number {
  if (plain.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segments.segment(text)) width += wide.test(segment) ? 2 : 1;
  return width;
}

/** The text cut to a width, with `…` in place of what is left out. */
export function cutToWidth(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let cut = '';
  let used = 1;
  for (const { segment } of segments.segment(text)) {
    used += wide.test(segment) ? 2 : 1;
    if (used > width) break;
    cut += segment;
  }
  return width > 0 ? `${cut}…` : '';
}
