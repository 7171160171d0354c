import type { Config } from './config.ts';
import { usualValidityDays } from './usual-validity.ts';
import type { SettingKey } from './settings.ts';

/** Two keys whose values are each allowed and make no sense together. */
export interface Conflict {
  readonly keys: readonly [SettingKey, SettingKey];
  /** A clause for a person. */
  readonly message: string;
}

export function conflictsOf({ renewal, live, authority, clock, boot }: Config): readonly Conflict[] {
  const { renewBeforeDays, validityDays = usualValidityDays } = renewal;
  const found: Conflict[] = [];
  if (renewBeforeDays !== undefined && renewBeforeDays >= validityDays) {
    found.push({
      keys: ['renewal.renewBefore', 'renewal.validity'],
      message: `renewal.renewBefore (${String(renewBeforeDays)}d) must be less than renewal.validity (${String(validityDays)}d), or every new set is due at once`,
    });
  }
  if (live.enabled && live.renewBeforeDays >= validityDays) {
    found.push({
      keys: ['live.renewBefore', 'renewal.validity'],
      message: `live.renewBefore (${String(live.renewBeforeDays)}d) must be less than renewal.validity (${String(validityDays)}d), or every new set is due at once`,
    });
  }
  if (live.emergencyBeforeDays > live.renewBeforeDays) {
    found.push({
      keys: ['live.emergencyBefore', 'live.renewBefore'],
      message: `live.emergencyBefore (${String(live.emergencyBeforeDays)}d) must not be more than live.renewBefore (${String(live.renewBeforeDays)}d)`,
    });
  }
  if (authority.criticalDays > authority.warningDays) {
    found.push({
      keys: ['authority.critical', 'authority.warning'],
      message: `authority.critical (${String(authority.criticalDays)}d) must not be more than authority.warning (${String(authority.warningDays)}d)`,
    });
  }
  if (clock.maxWaitMs >= boot.deadlineMs) {
    found.push({
      keys: ['clock.maxWait', 'boot.deadline'],
      message: `clock.maxWait (${String(clock.maxWaitMs / 1000)}s) must be less than boot.deadline (${String(boot.deadlineMs / 1000)}s), or no time is left to act`,
    });
  }
  return found;
}
