import { type Config, configOf, type Conflict, conflictsOf } from './config.ts';
import { type ParsedConfigFile, parseConfigFile } from './parse-config-file.ts';
import type { ConfigProblem } from './config-file.ts';

export interface ConfigSource {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export type CombinedConfig =
  { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Parses the files and lays each over the ones before it, key by key. Reports every problem of every file. */
export function combineConfig(sources: readonly ConfigSource[]): CombinedConfig {
  const files = sources.map(({ path, bytes }) => parseConfigFile(path, bytes));
  const config = configOf(new Map(files.flatMap(({ said }) => [...said])));
  const conflicts = conflictsOf(config).flatMap((conflict) => blame(conflict, files));
  const problems = [...files.flatMap((file) => file.problems), ...conflicts];
  return problems.length === 0 ? { ok: true, config } : { ok: false, problems };
}

/** The last file that set one of the two. */
function blame({ keys, message }: Conflict, files: readonly ParsedConfigFile[]): readonly ConfigProblem[] {
  for (const { path, positionOf } of files.toReversed()) {
    for (const key of keys) {
      const position = positionOf(key);
      if (position !== undefined) return [{ code: 'conflict', file: path, position, message }];
    }
  }
  return [];
}
