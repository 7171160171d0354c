import { fstatSync } from 'node:fs';
import { defaultConfig } from '../config/default-config.ts';
import type { Audit, AuditRecord } from '../audit/audit.ts';
import { journalFields } from '../audit/audit-text.ts';
import { paperFor } from '../terminal/paper.ts';
import { auditFile } from './files/audit-file.ts';
import type { Clock } from './clock.ts';
import { openJournal } from './systemd/journal.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The audit log of a run: the journal, standard error and the audit file. The logger (10 MB, 25 ms) is loaded when there
 * is something to record: most runs of the daemon have nothing.
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
  const { root, clock, env, stderr, unit, maxFileBytes = defaultConfig.audit.maxFileSizeBytes } = input;
  let audit: Audit | undefined;
  let kept: readonly AuditRecord[] = [];
  const ready = async (): Promise<void> => {
    const { createAudit } = await import('../audit/winston-audit.ts');
    if (audit !== undefined) return;
    // What is done to a tree under another root is no event of this machine.
    const journal = root === '/' ? openJournal() : undefined;
    const toJournal = stderrIsJournal(env);
    audit = createAudit({
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
    for (const record of kept) audit.record(record);
    kept = [];
  };
  return {
    record: (record) => {
      if (audit === undefined) kept = [...kept, record];
      else audit.record(record);
    },
    ready,
    flush: async () => {
      if (kept.length > 0) await ready();
      await audit?.flush();
    },
  };
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
