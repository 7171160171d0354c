const cleanUps = new Set<() => void>();
process.on('exit', () => {
  for (const cleanUp of cleanUps) cleanUp();
});

/**
 * Runs `cleanUp` when this process ends, also when a person ends it.
 * @returns for when it is no longer needed
 */
export function atExit(cleanUp: () => void): () => void {
  cleanUps.add(cleanUp);
  return () => {
    cleanUps.delete(cleanUp);
  };
}
