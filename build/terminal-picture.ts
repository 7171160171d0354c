import { textWidth } from '../src/terminal/paper.ts';

/* Text of a terminal, with its colours, as a picture: SVG that loads nothing, light or dark as the reader's system has it. */

interface Run {
  readonly text: string;
  /** Names of classes, in order. */
  readonly styles: readonly string[];
}

const cell = { width: 8.43, height: 18 } as const;
const margin = 16;
const bar = 30;

/** Colours that are told apart on both papers; `[light, dark]`. */
const palette = {
  paper: ['#fcfcfb', '#16191d'],
  frame: ['#d5d8dc', '#353b42'],
  ink: ['#24292f', '#dfe3e7'],
  faint: ['#6b747d', '#8f98a1'],
  red: ['#b5362b', '#ea7b70'],
  green: ['#277a5e', '#63bd9f'],
  yellow: ['#8a6100', '#d9ad52'],
  blue: ['#2f5fa8', '#82aae6'],
  magenta: ['#8a3f8f', '#cf8fd4'],
  cyan: ['#17727f', '#63bcc9'],
} as const;

const colours = ['ink', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'ink'] as const;

/**
 * @param title what stands above the text
 * @param text lines with SGR sequences (ECMA-48, 8.3.117); every other sequence and control is left out
 */
export function terminalPicture(title: string, text: string): string {
  const lines = runsOf(text);
  const columns = Math.max(40, ...lines.map((runs) => textWidth(runs.map((run) => run.text).join(''))));
  const width = Math.ceil(columns * cell.width) + 2 * margin;
  const height = bar + lines.length * cell.height + 2 * margin;
  const drawn = lines.flatMap((runs, index) => drawnLine(runs, bar + margin + index * cell.height + 13));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">
<style>
${styleOf('light')}
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace; white-space: pre; fill: var(--ink); }
.bold { font-weight: bold; } .title { fill: var(--faint); font-size: 13px; text-anchor: middle; }
${Object.keys(palette)
  .map((name) => `.${name} { fill: var(--${name}); }`)
  .join(' ')}
@media (prefers-color-scheme: dark) { ${styleOf('dark')} }
</style>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" fill="var(--paper)" stroke="var(--frame)"/>
<line x1="0" x2="${width}" y1="${bar}" y2="${bar}" stroke="var(--frame)"/>
<text class="title" x="${width / 2}" y="20">${escaped(title)}</text>
${drawn.join('\n')}
</svg>
`;
}

function styleOf(scheme: 'light' | 'dark'): string {
  const values = Object.entries(palette).map(([name, pair]) => `--${name}: ${pair[scheme === 'light' ? 0 : 1]};`);
  return `svg { ${values.join(' ')} }`;
}

/** Each run at its own column: where the reader's font is a little wider or narrower, columns stay under each other. */
function drawnLine(runs: readonly Run[], y: number): readonly string[] {
  let column = 0;
  const pieces = runs.flatMap((run) =>
    // What stands behind a gap is a column of a table.
    (run.text.match(/ {2,}|(?:[^ ]| (?! ))+/g) ?? []).map((text) => ({ ...run, text })),
  );
  const drawn = pieces.flatMap(({ text, styles }) => {
    const x = Math.round((margin + column * cell.width) * 10) / 10;
    column += textWidth(text);
    if (text.trim() === '') return [];
    const kind = styles.length === 0 ? '' : ` class="${styles.join(' ')}"`;
    return [`<tspan x="${x}"${kind}>${escaped(text)}</tspan>`];
  });
  return drawn.length === 0 ? [] : [`<text y="${y}">${drawn.join('')}</text>`];
}

/** Lines without those at the end that are empty. */
function runsOf(text: string): readonly (readonly Run[])[] {
  let styles: readonly string[] = [];
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const runs: Run[] = [];
      // eslint-disable-next-line no-control-regex -- what a terminal is sent
      for (const [piece, sequence] of line.matchAll(/\u001b\[([0-9;:?]*)[A-Za-z]|\u001b[^[]|[^\u001b]+/g)) {
        if (sequence !== undefined) styles = piece.endsWith('m') ? afterSequence(styles, sequence) : styles;
        else if (!piece.startsWith('\u001b')) runs.push({ text: piece.replace(/[\p{Cc}\p{Cf}]/gu, ''), styles });
      }
      return runs;
    });
}

function afterSequence(before: readonly string[], sequence: string): readonly string[] {
  let styles = before;
  const numbers = sequence.split(/[;:]/).map(Number);
  for (let index = 0; index < numbers.length; index += 1) {
    const number = numbers[index] ?? 0;
    const colour = colours[number % 10];
    if (number === 0) {
      styles = [];
    } else if (number === 1) {
      styles = [...styles, 'bold'];
    } else if (number === 2) {
      styles = withColour(styles, 'faint');
    } else if (number === 22) {
      styles = styles.filter((style) => style !== 'bold' && style !== 'faint');
    } else if (number === 39) {
      styles = withColour(styles, undefined);
    } else if (number === 90) {
      styles = withColour(styles, 'faint');
    } else if (number === 38 || number === 48) {
      // One of 256, of which only the greys are ours, or three numbers; none of them is a sequence of its own.
      const isIndexed = numbers[index + 1] === 5;
      if (number === 38 && isIndexed && (numbers[index + 2] ?? 0) >= 232) styles = withColour(styles, 'faint');
      index += isIndexed ? 2 : 4;
    } else if (((number >= 30 && number <= 37) || (number >= 91 && number <= 97)) && colour !== undefined) {
      styles = withColour(styles, colour);
    }
  }
  return styles;
}

function withColour(styles: readonly string[], colour: string | undefined): readonly string[] {
  const others = styles.filter((style) => style === 'bold');
  return colour === undefined ? others : [...others, colour];
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
