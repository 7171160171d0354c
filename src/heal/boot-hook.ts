import type { FileReader } from '../disk/file-reader.ts';

/** systemd's search order for drop-ins (systemd.unit(5)). */
const unitDirectories = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];

/** Drop-ins of the unit that run `certmend prestart`, as node paths. */
export function bootHooksOf(reader: FileReader, unit: string): readonly string[] {
  return unitDirectories
    .flatMap((directory) => {
      const dropIns = `${directory}/${unit}.d`;
      return (reader.list(dropIns) ?? []).filter((name) => name.endsWith('.conf')).map((name) => `${dropIns}/${name}`);
    })
    .filter((path) => {
      const file = reader.read(path);
      return file.state === 'regular' && /^ExecStartPre=.*certmend\b.*\bprestart\b/m.test(file.bytes.toString('utf8'));
    });
}
