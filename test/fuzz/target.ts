/**
 * One parser under fire. To add one, put a file with an exported `target` into test/fuzz/targets/: the tests and
 * `npm run fuzz` find it there.
 */
export interface FuzzTarget {
  /** The function under test. */
  readonly name: string;
  /** Valid inputs, and odd ones worth starting from. Asked for once. */
  readonly seeds: () => readonly Buffer[];
  /** Feeds one input to the parser and throws when what it gives back breaks its promise. */
  readonly run: (input: Buffer) => void;
}
