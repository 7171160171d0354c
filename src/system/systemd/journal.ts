import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** journald answers at once or is not well; nothing waits for it longer. */
const timeoutMs = 2000;
const socket = '/run/systemd/journal/socket';

/** Fields of one journal entry, by their names in the journal (systemd.journal-fields(7)); a list is a field several times. */
export type JournalFields = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Sends one entry with its fields to the journal; false when it was not taken. After the first failure it is not tried
 * again: what hangs once would hang at each record of a rotation.
 */
export type SendToJournal = (fields: JournalFields) => boolean;

/**
 * The journal's native protocol, spoken by `logger --journald` (util-linux), since Node cannot send datagrams to a Unix
 * socket. Synchronous: a process that is killed right after a commit has said so.
 *
 * @returns undefined where no journald runs
 */
export function openJournal(): SendToJournal | undefined {
  if (!existsSync(socket)) return undefined;
  let reachable = true;
  return (fields) => {
    if (!reachable) return false;
    const { status } = spawnSync('logger', ['--journald'], {
      input: journalEntry(fields),
      stdio: ['pipe', 'ignore', 'ignore'],
      timeout: timeoutMs,
    });
    reachable = status === 0;
    return reachable;
  };
}

/** One `NAME=value` a line, as `logger --journald` reads it. A value is one line: what would begin another field is a space. */
export function journalEntry(fields: JournalFields): string {
  return Object.entries(fields)
    .flatMap(([name, value]) =>
      (value === undefined ? [] : typeof value === 'string' ? [value] : value).map(
        (text) => `${name}=${text.replaceAll(/[\r\n]+/g, ' ')}\n`,
      ),
    )
    .join('');
}
