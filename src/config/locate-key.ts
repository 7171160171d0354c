import { type Document, isAlias, isMap, isScalar, type Node } from 'yaml';

/**
 * Offset in the text of the last of these keys, or, where the path cannot be followed to its end, of the last part of
 * it that is there (`exact` false).
 */
export function locateKey(document: Document, keys: readonly string[]): { offset: number; exact: boolean } {
  let node: unknown = document.contents;
  let offset = offsetOf(node) ?? 0;
  for (const key of keys) {
    if (isAlias(node)) node = node.resolve(document);
    if (!isMap(node)) return { offset, exact: false };
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
    if (pair === undefined) return { offset, exact: false };
    offset = offsetOf(pair.key) ?? offset;
    node = pair.value;
  }
  return { offset, exact: true };
}

function offsetOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0];
}
