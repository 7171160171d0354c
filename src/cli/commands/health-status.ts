import type { HealthLevel } from '../../assess/assessment.ts';
import { exitStatus, type ExitStatus } from '../../error.ts';

export function healthStatus(level: HealthLevel): ExitStatus {
  switch (level) {
    case 'ok':
      return exitStatus.ok;
    case 'warning':
      return exitStatus.warning;
    case 'critical':
      return exitStatus.critical;
  }
}
