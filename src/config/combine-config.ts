import type { Config } from './config.ts';
import type { ConfigFile } from './config-file.ts';
import { defaultConfig, usualValidityDays } from './default-config.ts';
import { dayMs, parseDuration } from '../time/units.ts';
import { type ParsedConfigFile, parseConfigFile } from './parse-config-file.ts';
import type { ConfigProblem } from './problem.ts';
import { parseSize } from './size.ts';

export interface ConfigSource {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export type CombinedConfig =
  { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Parses the files and lays each over the ones before it, key by key. Reports every problem of every file. */
export function combineConfig(sources: readonly ConfigSource[]): CombinedConfig {
  const files = sources.map(({ path, bytes }) => parseConfigFile(path, bytes));
  const config = fill(files.reduce<ConfigFile>((below, { content }) => over(below, content), {}));
  const problems = [...files.flatMap((file) => file.problems), ...conflicts(config, files)];
  return problems.length === 0 ? { ok: true, config } : { ok: false, problems };
}

function over(below: ConfigFile, above: ConfigFile): ConfigFile {
  return {
    ...below,
    ...above,
    boot: { ...below.boot, ...above.boot },
    renewal: { ...below.renewal, ...above.renewal },
    authority: { ...below.authority, ...above.authority },
    standby: { ...below.standby, ...above.standby },
    clock: { ...below.clock, ...above.clock },
    check: { ...below.check, ...above.check },
    brake: { ...below.brake, ...above.brake },
    audit: { ...below.audit, ...above.audit },
    daemon: { ...below.daemon, ...above.daemon },
    metrics: { ...below.metrics, ...above.metrics },
    notify: { ...below.notify, ...above.notify },
  };
}

function fill(file: ConfigFile): Config {
  const { boot, renewal, authority, standby, clock, check, brake, audit, daemon, metrics, notify } = defaultConfig;
  return {
    layout: file.layout ?? defaultConfig.layout,
    unit: file.unit ?? defaultConfig.unit,
    dataDir: withoutEndSlash(file.dataDir) ?? defaultConfig.dataDir,
    boot: {
      enabled: file.boot?.enabled ?? boot.enabled,
      deadlineMs: milliseconds(file.boot?.deadline) ?? boot.deadlineMs,
    },
    renewal: {
      renewBeforeDays: days(file.renewal?.renewBefore) ?? renewal.renewBeforeDays,
      criticalDays: days(file.renewal?.critical) ?? renewal.criticalDays,
      validityDays: days(file.renewal?.validity) ?? renewal.validityDays,
    },
    authority: {
      warningDays: days(file.authority?.warning) ?? authority.warningDays,
      criticalDays: days(file.authority?.critical) ?? authority.criticalDays,
    },
    standby: { enabled: file.standby?.enabled ?? standby.enabled },
    retention: file.retention ?? defaultConfig.retention,
    clock: {
      maxOfflineGapDays: days(file.clock?.maxOfflineGap) ?? clock.maxOfflineGapDays,
      maxWaitMs: milliseconds(file.clock?.maxWait) ?? clock.maxWaitMs,
    },
    check: { acknowledged: file.check?.acknowledged ?? check.acknowledged },
    brake: { maxCommitsPerDay: file.brake?.maxCommitsPerDay ?? brake.maxCommitsPerDay },
    audit: {
      maxFileBytes:
        file.audit?.maxFileSize === undefined
          ? audit.maxFileBytes
          : (parseSize(file.audit.maxFileSize) ?? audit.maxFileBytes),
    },
    daemon: { checkIntervalMs: milliseconds(file.daemon?.checkInterval) ?? daemon.checkIntervalMs },
    metrics: {
      textfile: file.metrics?.textfile ?? metrics.textfile,
      listen: file.metrics?.listen ?? metrics.listen,
    },
    notify: {
      exec: file.notify?.exec ?? notify.exec,
      timeoutMs: milliseconds(file.notify?.timeout) ?? notify.timeoutMs,
    },
  };
}

function milliseconds(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text);
}

function days(text: string | undefined): number | undefined {
  const ms = milliseconds(text);
  return ms === undefined ? undefined : ms / dayMs;
}

function withoutEndSlash(path: string | undefined): string | undefined {
  return path?.endsWith('/') === true ? path.slice(0, -1) : path;
}

/** Values that are each allowed and make no sense together. Blamed on the last file that set one of the two. */
function conflicts(config: Config, files: readonly ParsedConfigFile[]): readonly ConfigProblem[] {
  const { renewal, authority, clock, boot } = config;
  const problem = (keys: readonly string[], message: string): readonly ConfigProblem[] => {
    for (const file of files.toReversed()) {
      for (const key of keys) {
        const position = file.positionOf(key);
        if (position !== undefined) return [{ code: 'conflict', file: file.path, position, message }];
      }
    }
    return [];
  };
  return [
    ...(renewal.renewBeforeDays !== undefined && renewal.renewBeforeDays >= (renewal.validityDays ?? usualValidityDays)
      ? problem(
          ['renewal.renewBefore', 'renewal.validity'],
          `renewal.renewBefore (${String(renewal.renewBeforeDays)}d) must be less than renewal.validity (${String(renewal.validityDays ?? usualValidityDays)}d), or every new set is due at once`,
        )
      : []),
    ...(authority.criticalDays > authority.warningDays
      ? problem(
          ['authority.critical', 'authority.warning'],
          `authority.critical (${String(authority.criticalDays)}d) must not be more than authority.warning (${String(authority.warningDays)}d)`,
        )
      : []),
    ...(clock.maxWaitMs >= boot.deadlineMs
      ? problem(
          ['clock.maxWait', 'boot.deadline'],
          `clock.maxWait (${String(clock.maxWaitMs / 1000)}s) must be less than boot.deadline (${String(boot.deadlineMs / 1000)}s), or no time is left to act`,
        )
      : []),
  ];
}
