const maxCharacters = 64 * 1024;
/** Lines, commas and closing brackets. */
const maxItems = 4000;
const maxDepth = 32;

/**
 * Is the text small and flat enough for the YAML library? Its time grows with the square of the items and with the cube
 * of the nesting (`? ? ? …`, a kilobyte of it takes seconds), so what no kubeconfig has is refused before it is asked.
 * Counts brackets in quoted text too: a kubeconfig has none there worth the name.
 */
export function isTameYaml(text: string): boolean {
  if (text.length > maxCharacters) return false;
  let items = 0;
  let depth = 0;
  for (const character of text) {
    if (/[\n\r,\]}]/.test(character)) items += 1;
    if (/[[{]/.test(character)) depth += 1;
    if (/[\]}]/.test(character)) depth = Math.max(depth - 1, 0);
    if (items > maxItems || depth > maxDepth) return false;
  }
  // Block nesting: the indentation, and the indicators that open a level on the same line.
  return !/(?:^|[\r\n])[ \t]{129}/.test(text) && !/(?:[-?:][ \t]+(?:[!&][^ \t\r\n]*[ \t]+)*){9}/.test(text);
}
