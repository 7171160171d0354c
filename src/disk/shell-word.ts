/** A path as one word of a printed command, whatever is in it (POSIX shell, single quotes). */
export function shellWord(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`;
}
