import type { FileReader } from '../disk/file-reader.ts';

/** systemd's search order for units and drop-ins, then the directory RKE2 uses where /usr/local is read-only (products 9). */
export const unitDirectories = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
  '/opt/rke2/lib/systemd/system',
] as const;

/** `k3s@.service` for `k3s@edge.service`; nothing for a unit that is no instance. */
export function templateOf(name: string): readonly string[] {
  const template = name.replace(/@[^@]+(\.[a-z]+)$/, '@$1');
  return template === name ? [] : [template];
}

/** Drop-ins of the unit, of its template, its dash prefixes and of the type, in file name order; the earlier directory hides a name. */
export function findDropIns(name: string, reader: FileReader): readonly string[] {
  const dot = name.lastIndexOf('.');
  const [stem, type] = [name.slice(0, dot), name.slice(dot + 1)];
  const parts = stem.split('-');
  const prefixes = parts.slice(0, -1).map((_, index) => `${parts.slice(0, index + 1).join('-')}-.${type}`);
  const found = new Map<string, string>();
  // Most specific first, and within one name the higher directory first: whoever comes first keeps the file name.
  for (const owner of [name, ...templateOf(name), ...prefixes.reverse(), type]) {
    for (const directory of unitDirectories) {
      for (const file of reader.list(`${directory}/${owner}.d`) ?? [])
        if (file.endsWith('.conf') && !found.has(file)) found.set(file, `${directory}/${owner}.d/${file}`);
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
}
