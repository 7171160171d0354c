/** How figures are written in messages and evidence: one way everywhere, so that they can be searched for. */

/** Figures by name, as text: what a rule looked at. */
export type Figures = Readonly<Record<string, string>>;

/** A list for a sentence: `a, b and c`. */
export function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}

/** File modes as people type them: `0644`. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
