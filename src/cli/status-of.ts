import type { HealthLevel } from '../assess/assessment.ts';
import { exitStatus, type ExitStatus } from '../error.ts';
import type { Plan, StandbyVerdict } from '../plan/plan.ts';
import type { BackupList, BackupReport, BackupVerification } from '../report/backup/backup.ts';
import type { Outcome } from '../session/outcome.ts';

/* What a command found, as its exit status: the only place that says so (docs, architecture, Documents). */

const byHealth = { ok: exitStatus.ok, warning: exitStatus.warning, critical: exitStatus.critical } as const;

/** `check`, `status`, `doctor`. */
export function ofHealth(level: HealthLevel): ExitStatus {
  return byHealth[level];
}

/** `ca status`: of no authority at all nobody can tell. */
export function ofAuthorities({ level }: { readonly level: HealthLevel | undefined }): ExitStatus {
  return level === undefined ? exitStatus.unknown : ofHealth(level);
}

/** `ca rotate --dry-run`. */
export function ofRotationPlan({ decision }: { readonly decision: 'rotate' | 'refused' }): ExitStatus {
  return decision === 'rotate' ? exitStatus.ok : exitStatus.refused;
}

/** `ca rotate`: a step was reached, or it waits for something. */
export function ofRotation({ waiting }: { readonly waiting: readonly string[] }): ExitStatus {
  return waiting.length === 0 ? exitStatus.ok : exitStatus.tryAgain;
}

/** What was carried out: `prestart --strict`, `rotate`, `rollback`. A node that is healed but for one file is not well. */
export function ofOutcome({ decision, left }: Outcome): ExitStatus {
  if (decision === 'refused' || decision === 'deferred') return exitStatus.refused;
  return left.length > 0 ? exitStatus.critical : exitStatus.ok;
}

/** `renew`. */
export function ofRenewal({ rolledBack }: { readonly rolledBack: boolean }): ExitStatus {
  return rolledBack ? exitStatus.critical : exitStatus.ok;
}

/** What would be: `plan`. */
export function ofPlan({ decision }: Plan): ExitStatus {
  switch (decision) {
    case 'nothing-to-do':
      return exitStatus.ok;
    case 'rotate':
    case 'repair':
      return exitStatus.warning;
    case 'deferred':
    case 'refused':
      return exitStatus.critical;
  }
}

/** `standby`. */
export function ofStandby({ state }: StandbyVerdict): ExitStatus {
  switch (state) {
    case 'ready':
      return exitStatus.ok;
    case 'missing':
    case 'stale':
      return exitStatus.warning;
    case 'invalid':
      return exitStatus.critical;
  }
}

/** `backup create`: made, but of a node that is not whole, is a warning. */
export function ofBackup({ left, reasons, notes }: Pick<BackupReport, 'left' | 'reasons' | 'notes'>): ExitStatus {
  return left.length + reasons.length + notes.length === 0 ? exitStatus.ok : exitStatus.warning;
}

/** `backup list`. */
export function ofBackupList({ backups }: BackupList): ExitStatus {
  return backups.length > 0 && backups.every(({ problem }) => problem === null) ? exitStatus.ok : exitStatus.warning;
}

/** `backup verify`: of a header alone nobody can tell. */
export function ofVerification({ contents }: BackupVerification): ExitStatus {
  if (contents === null) return exitStatus.unknown;
  return contents.reasons.length === 0 ? exitStatus.ok : exitStatus.critical;
}

/** `rehearse`. */
export function ofRehearsal({ comesBack }: { readonly comesBack: boolean }): ExitStatus {
  return comesBack ? exitStatus.ok : exitStatus.critical;
}

/** `rehearse --running`. */
export function ofRunningRehearsal({ keepsRunning }: { readonly keepsRunning: boolean }): ExitStatus {
  return keepsRunning ? exitStatus.ok : exitStatus.critical;
}

/** `cluster status`: that the cluster is not told is no fault of the node, and a warning to whoever asks for it. */
export function ofCluster({ state }: { readonly state: 'off' | 'told' | 'waiting' | 'failing' }): ExitStatus {
  switch (state) {
    case 'off':
    case 'told':
      return exitStatus.ok;
    case 'failing':
      return exitStatus.warning;
    case 'waiting':
      return exitStatus.unknown;
  }
}
