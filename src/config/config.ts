import type { Setting } from './setting.ts';
import { type SettingKey, settings } from './settings.ts';

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
