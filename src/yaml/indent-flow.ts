/**
 * Indents the lines of a list or map in brackets, from that of `offset` to the one that closes it. Between brackets
 * indentation means nothing, within quotes neither; so no value changes, and lines keep their numbers.
 *
 * @returns undefined when nothing is left to indent
 */
export function indentFlow(text: string, offset: number): string | undefined {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const lines = text.slice(start).split('\n');
  const last = lines.findIndex((line) => /[\]}]/.test(line));
  if (last === -1) return undefined;
  const indented = lines.map((line, index) => (index <= last ? ` ${line.replaceAll('\t', ' ')}` : line));
  return text.slice(0, start) + indented.join('\n');
}
