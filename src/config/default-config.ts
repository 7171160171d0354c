import type { Config } from './config.ts';

/** As long as the product's own (products 1.1): what a new leaf gets where neither certmend nor the product was told. */
export const usualValidityDays = 365;

/** What holds where no file says anything. docs/configuration.md gives the reason for each value. */
export const defaultConfig: Config = {
  layout: undefined,
  unit: undefined,
  dataDir: undefined,
  boot: { enabled: true, deadlineMs: 60_000 },
  renewal: { renewBeforeDays: undefined, criticalDays: 14, validityDays: undefined },
  authority: { warningDays: 365, criticalDays: 120 },
  standby: { enabled: true },
  retention: 3,
  clock: { maxOfflineGapDays: 1095, maxWaitMs: 30_000 },
  check: { acknowledged: [] },
  brake: { maxCommitsPerDay: 6 },
  audit: { maxFileBytes: 4 * 1024 * 1024 },
  daemon: { checkIntervalMs: 3_600_000 },
  metrics: { textfile: undefined, listen: undefined },
  notify: { exec: undefined, timeoutMs: 30_000 },
};
