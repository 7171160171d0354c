import type { Finding } from '../assess/assessment.ts';
import type { Config } from '../config/config.ts';
import type { FileReader } from '../disk/file-reader.ts';
import { readOwnDocument } from '../disk/own-document.ts';
import { ownPaths } from '../disk/own-paths.ts';
import { count, instant, nullable, object, text } from '../disk/shape.ts';

/**
 * How the last backup went: a file of its own, since whoever makes a backup holds no lock while it writes. What is lost
 * with it is only known again after the next one.
 */
export interface LastBackup {
  /** Of the last one that was made; RFC 3339, UTC. */
  readonly succeededAt: string | null;
  readonly path: string | null;
  readonly sizeBytes: number | null;
  /** Of the last attempt. */
  readonly attemptedAt: string;
  /** Why that failed; null when it did not. */
  readonly problem: string | null;
}

const shape = object<LastBackup>({
  succeededAt: nullable(instant),
  path: nullable(text()),
  sizeBytes: nullable(count),
  attemptedAt: instant,
  problem: nullable(text()),
});

/** Undefined when none was ever made, or when the file says nothing that can be read. */
export function readLastBackup(reader: FileReader): LastBackup | undefined {
  return readOwnDocument(reader, ownPaths.backup, shape);
}

/** Does the daemon make backups of this node? */
export function makesBackups({ backup }: Pick<Config, 'backup'>): boolean {
  return backup.recipients.length > 0 && backup.to !== undefined;
}

/**
 * Never asks the directory itself: one that hangs must not keep a check from its end.
 * @param now milliseconds since the epoch
 */
export function backupFindings(
  config: Pick<Config, 'backup'>,
  last: LastBackup | undefined,
  now: number,
): readonly Finding[] {
  if (!makesBackups(config) || last === undefined) return [];
  const since = last.succeededAt === null ? undefined : now - Date.parse(last.succeededAt);
  const isOld = since === undefined || since > 2 * config.backup.everyMs;
  if (last.problem === null && !isOld) return [];
  const age = since === undefined ? 'there is none yet' : `the last one is of ${last.succeededAt ?? ''}`;
  const what = last.problem === null ? 'no backup was made for long' : `the last backup failed: ${last.problem}`;
  return [
    {
      code: 'BackupFailed',
      id: undefined,
      path: config.backup.to,
      severity: 'warning',
      message: `${what}; ${age}`,
      evidence: { attemptedAt: last.attemptedAt },
      answer: 'none',
    },
  ];
}
