import type { FileReader } from '../disk/file-reader.ts';
import { type ConfigItem, readSimpleYaml } from '../yaml/simple-yaml.ts';
import { yamlText } from '../yaml/yaml-library.ts';
import { readFullYaml } from '../yaml/full-yaml.ts';

export type ConfigFile =
  | { readonly state: 'absent' }
  | { readonly state: 'read'; readonly items: readonly ConfigItem[] }
  /** `where` is `path` or `path:line`; `problem` a clause: `is not valid YAML (bad indent)`. */
  | { readonly state: 'broken'; readonly where: string; readonly problem: string };

/** Real ones have a few hundred bytes. */
const maxConfigBytes = 256 * 1024;

/** The library's time grows with the square of hostile input: 1.5 s at this size, 20 s at the one above. */
const maxLibraryBytes = 64 * 1024;

/** Reads one configuration file of a product. Never throws; the problem never quotes the file. */
export function readConfigFile(path: string, reader: FileReader): ConfigFile {
  const file = reader.read(path);
  if (file.state === 'absent') return { state: 'absent' };
  if (file.state === 'unreadable') return { state: 'broken', where: path, problem: file.detail };
  const tooLarge = (limit: number): ConfigFile => {
    const problem = `is ${String(file.bytes.length)} bytes, more than ${String(limit)}`;
    return { state: 'broken', where: path, problem };
  };
  if (file.bytes.length > maxConfigBytes) return tooLarge(maxConfigBytes);
  const text = yamlText(file.bytes);
  if (text === undefined) return { state: 'broken', where: path, problem: 'is not UTF-8 text' };
  const simple = readSimpleYaml(text);
  if (simple !== undefined) return { state: 'read', items: simple };
  if (file.bytes.length > maxLibraryBytes) return tooLarge(maxLibraryBytes);
  const full = readFullYaml(text);
  if (full.ok) return { state: 'read', items: full.items };
  return { state: 'broken', where: `${path}:${String(full.line)}`, problem: full.problem };
}
