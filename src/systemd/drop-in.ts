import { dirname } from 'node:path';
import type { FileReader } from '../disk/file-reader.ts';
import { realPath } from '../disk/real-path.ts';

/** A file of systemd's that this node needs (systemd.unit(5), "drop-in"). */
export interface DropIn {
  /** Node path below /etc/systemd/system: there, the operator's files are. */
  readonly path: string;
  readonly content: string;
  /** Commands that put it in force, in order. */
  readonly then: readonly string[];
}

/** Where an operator's drop-in of the unit has its place. */
export function dropInPath(unit: string, name: string): string {
  return `/etc/systemd/system/${unit}.d/${name}`;
}

/** Linked to /dev/null, or empty: how an operator switches a drop-in of a package off (systemd.unit(5)). */
export function isMasked(reader: FileReader, path: string): boolean {
  if (reader.readLink(path) !== undefined) return realPath(reader, path) === '/dev/null';
  const file = reader.read(path);
  return file.state === 'regular' && file.bytes.toString('utf8').trim() === '';
}

/** Why a new file cannot have this place; undefined when it can. */
export function placeTaken(reader: FileReader, path: string): string | undefined {
  const directory = dirname(path);
  // Whoever made a link there has plans of their own, and the file would end up in another place than it says.
  if (realPath(reader, directory) !== directory) return `${directory} is reached through a symlink`;
  return reader.stat(path).state === 'absent' ? undefined : `${path} already exists with other content`;
}
