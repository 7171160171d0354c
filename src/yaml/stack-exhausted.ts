/**
 * What a parser that recurses throws for a text of brackets only. The engine says it by the message alone: a RangeError
 * is also what a bug throws, and that is no verdict on a text.
 */
export function isStackExhausted(error: unknown): boolean {
  return error instanceof RangeError && error.message === 'Maximum call stack size exceeded';
}
