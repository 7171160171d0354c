import { fstatSync } from 'node:fs';
import { defaultConfig } from '../config/default-config.ts';
import type { Audit } from '../report/audit.ts';
import { journalFields } from '../report/journal-fields.ts';
import { paperFor } from '../report/paper.ts';
import { createAudit } from '../report/winston-audit.ts';
import { auditFile } from './audit-file.ts';
import type { Clock } from './clock.ts';
import { openJournal } from './journal.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The audit log of a run: the journal, standard error and the audit file. Loaded by what writes only, for it brings the logger.
 * @param input.maxFileBytes bound of the audit file, bytes
 */
export function openAudit(input: {
  readonly root: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly env: Environment;
  readonly stderr: {
    readonly isTerminal: boolean;
    readonly columns: number | undefined;
    readonly write: (text: string) => void;
  };
  readonly maxFileBytes?: number;
  /** The unit that the boot hook runs for: its journal tells what was done. */
  readonly unit?: string | undefined;
}): Audit {
  const { root, clock, env, stderr, unit, maxFileBytes = defaultConfig.audit.maxFileBytes } = input;
  // What is done to a tree under another root is no event of this machine.
  const journal = root === '/' ? openJournal() : undefined;
  const toJournal = stderrIsJournal(env);
  return createAudit({
    stderrIsJournal: toJournal,
    paper: paperFor(stderr, env),
    // The journal gets every change; a person at a terminal gets what was decided and done.
    consoleLevel: toJournal ? 'info' : 'notice',
    now: () => clock.now(),
    writeConsole: (text) => {
      stderr.write(text);
    },
    sendToJournal: journal === undefined ? undefined : (record) => journal(journalFields(record, unit)),
    appendLine: auditFile(root, maxFileBytes),
  });
}

/**
 * JOURNAL_STREAM names the device and inode of the stream that systemd connected (systemd.exec(5)). The variable is
 * inherited by processes whose standard error goes elsewhere, so the numbers decide.
 */
export function stderrIsJournal(
  env: Environment,
  stat: () => { dev: number; ino: number } = () => fstatSync(2),
): boolean {
  const stream = env['JOURNAL_STREAM'];
  if (stream === undefined) return false;
  try {
    const { dev, ino } = stat();
    return stream === `${String(dev)}:${String(ino)}`;
  } catch {
    return false;
  }
}
