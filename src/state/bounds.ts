/**
 * What keeps the state file small and therefore readable (file-reader refuses more than 1 MiB): every list that grows
 * with time or with what others put on the node has an end.
 */
export const bounds = {
  events: 50,
  brakeCommits: 100,
  brakeAttempts: 20,
  brakeAgeMs: 7 * 24 * 3_600_000,
  healthReasons: 100,
  /** Characters of one message. */
  message: 600,
  /** Characters of all names of one certificate, about 600 names of common length. */
  names: 16 * 1024,
} as const;

/** The message, cut at the bound with an ellipsis. */
export function bounded(message: string): string {
  return message.length <= bounds.message ? message : `${message.slice(0, bounds.message - 1)}…`;
}
