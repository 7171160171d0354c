import type { Setting } from './setting.ts';
import { type SettingKey, settings } from './settings.ts';
import { usualValidityDays } from './usual-validity.ts';

type Settings = typeof settings;
type ValueOf<Key extends SettingKey> = Settings[Key]['initial'];
type Named<Name extends string, Key extends SettingKey> =
  Settings[Key] extends Setting<unknown, infer Unit> ? `${Name}${Unit}` : never;
type SectionOf<Section extends string> = {
  readonly [Key in SettingKey as Key extends `${Section}.${infer Name}` ? Named<Name, Key> : never]: ValueOf<Key>;
};

/**
 * certmend's own configuration with every default filled in: a member per section and per key (settings.ts), with the
 * unit of its number at the end of its name (`boot.deadlineMs`).
 */
export type Config = {
  readonly [
    Key in SettingKey as Key extends `${infer Section}.${string}` ? Section : Named<Key, Key>
  ]: Key extends `${infer Section}.${string}` ? SectionOf<Section> : ValueOf<Key>;
};

/** What files say, by key: values that their kind has parsed. */
export type Said = ReadonlyMap<SettingKey, unknown>;

export function configOf(said: Said): Config {
  const config: Record<string, unknown> = {};
  const sections: Record<string, Record<string, unknown>> = {};
  for (const [key, { kind, initial }] of Object.entries(settings)) {
    const [first = '', name] = key.split('.');
    const value = said.get(key as SettingKey) ?? initial;
    if (name === undefined) config[`${first}${kind.unit}`] = value;
    else (sections[first] ??= {})[`${name}${kind.unit}`] = value;
  }
  return { ...config, ...sections } as Config;
}

/** Two keys whose values are each allowed and make no sense together. */
export interface Conflict {
  readonly keys: readonly [SettingKey, SettingKey];
  /** A clause for a person. */
  readonly message: string;
}

/** What must not be together with another, each told by itself. */
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
