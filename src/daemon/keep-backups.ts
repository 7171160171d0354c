import { CertmendError } from '../error.ts';
import { type LastBackup, readLastBackup } from '../state/last-backup.ts';
import { instantOf } from '../time/rfc3339.ts';
import type { Ports } from '../survey/ports.ts';
import { record } from './record.ts';

const hourMs = 3_600_000;

/** Is it time? After a failure sooner: what was in the way may be gone. A clock that was set back waits for no future. */
export function isBackupDue(last: LastBackup | undefined, everyMs: number, now: number): boolean {
  const attempted = last === undefined ? undefined : instantOf(last.attemptedAt);
  if (last === undefined || attempted === undefined) return true;
  const pauseMs = last.problem === null ? everyMs : Math.min(everyMs, hourMs);
  return now - attempted >= pauseMs || attempted - now > everyMs;
}

/**
 * Has backups made beside the checks. Nothing of it is waited for: a process that hangs on a disk cannot even be killed,
 * and then the daemon goes on without a backup, and says so.
 */
export function backupKeeper(): {
  readonly mind: (
    ports: Ports,
    backUp: ((signal: AbortSignal) => Promise<string | undefined>) | undefined,
    stopping: AbortSignal,
  ) => void;
} {
  let isRunning = false;
  return {
    mind: (ports, backUp, stopping) => {
      const last = readLastBackup(ports.reader);
      if (isRunning || backUp === undefined) return;
      if (!isBackupDue(last, ports.config.backup.everyMs, ports.clock.now())) return;
      isRunning = true;
      void backUp(stopping)
        .then((problem) => (stopping.aborted ? undefined : tell(ports, last, problem)))
        .catch((error: unknown) => {
          if (!(error instanceof CertmendError)) throw error;
        })
        .finally(() => {
          isRunning = false;
        });
    },
  };
}

/** The command records what it did; one that was killed could not. */
async function tell(ports: Ports, before: LastBackup | undefined, problem: string | undefined): Promise<void> {
  const { reader } = ports;
  const last = readLastBackup(reader);
  const isRecorded = last !== undefined && last.attemptedAt !== before?.attemptedAt;
  if (problem === undefined || (isRecorded && last.problem === null)) {
    const path = last?.path ?? undefined;
    await record(ports, { event: 'backed-up', priority: 'info', message: `a backup was made: ${path ?? ''}`, path });
    return;
  }
  if (!isRecorded) {
    const { noteFailure } = await import('../backup/note-backup.ts');
    await noteFailure(ports, { message: problem });
  }
  await record(ports, {
    event: 'failed',
    priority: 'warning',
    reason: 'BackupFailed',
    message: `the backup failed: ${last?.problem ?? problem}`,
    hint: 'put right what it says, then: certmend backup create',
  });
}
