/** Longer keys are typing accidents of another kind; comparing them would cost time for no help. */
const longestKey = 40;

/**
 * The known key that was probably meant: the one with the fewest edits, if they are few for its length.
 * @returns undefined when no known key is near
 */
export function nearestKey(key: string, known: readonly string[]): string | undefined {
  if (key.length > longestKey) return undefined;
  const [best] = known
    .map((candidate) => ({ candidate, edits: editDistance(key.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= Math.max(2, Math.floor(candidate.length / 2)))
    .toSorted((a, b) => a.edits - b.edits);
  return best?.candidate;
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const replace = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(replace, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
