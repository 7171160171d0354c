/** Markdown without its marks: for the journal, where there are none. */
export function plainText(markdown: string): string {
  return markdown
    .replaceAll('`', '')
    .replaceAll('**', '')
    .replaceAll(/(^|\s)_([^_]+)_/g, '$1$2');
}
