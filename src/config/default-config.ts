import type { Config } from './config.ts';

/** What holds where no file says anything: the defaults of settings.ts, made from there by `node build/setting-table.ts`. */
export const defaultConfig: Config = {
  layout: undefined,
  unit: undefined,
  dataDir: undefined,
  retention: 3,
  boot: { enabled: true, deadlineMs: 60000 },
  renewal: { renewBeforeDays: undefined, criticalDays: 14, validityDays: undefined },
  live: { enabled: true, renewBeforeDays: 30, emergencyBeforeDays: 7 },
  maintenance: { windows: [] },
  restart: { hung: false },
  authority: { warningDays: 730, criticalDays: 120 },
  standby: { enabled: true },
  clock: { maxOfflineGapDays: 1095, maxWaitMs: 30000 },
  check: { acknowledged: [] },
  brake: { maxCommitsPerDay: 6 },
  audit: { maxFileSizeBytes: 4194304 },
  backup: { recipients: [], to: undefined, everyMs: 86400000, keep: 30, maxAgeDays: undefined },
  daemon: { checkIntervalMs: 3600000 },
  metrics: { textfile: undefined, listen: undefined },
  notify: { exec: undefined, timeoutMs: 30000 },
  cluster: { report: 'off' },
};
