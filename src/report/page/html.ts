import { withholdKeys } from '../../audit/audit-fields.ts';
import { printable } from '../../terminal/paper.ts';

/** A piece of a page that is markup already; everything else is text and is escaped. */
export class Markup {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

type Piece = Markup | string | number | readonly Markup[];

/**
 * Markup with values in it. A value that is not `Markup` is somebody's text (names in certificates and of files are): what
 * steers or turns text around is replaced, as on a terminal, a private key is withheld, and what HTML would read is escaped, in elements and in quoted
 * attributes alike. Written so that an XML parser reads it too: every element is closed, every attribute quoted.
 */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  return new Markup(
    strings.map((literal, index) => literal + (index < pieces.length ? sourceOf(pieces[index]) : '')).join(''),
  );
}

export const nothing = new Markup('');

/** Somebody's name among other words: isolated, so that letters written from right to left turn nothing but themselves. */
export function name(text: string): Markup {
  return html`<bdi>${text}</bdi>`;
}

function sourceOf(piece: Piece | undefined): string {
  if (piece === undefined) return '';
  if (piece instanceof Markup) return piece.source;
  if (typeof piece === 'object') return piece.map(({ source }) => source).join('');
  return printable(withholdKeys(String(piece))).replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
