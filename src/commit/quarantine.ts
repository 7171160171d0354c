import { jsonText } from '../disk/json-text.ts';
import { dirname, join } from 'node:path';
import { onDisk } from '../disk/disk-error.ts';
import { makeDirectories, writeNewFile } from '../disk/durable-write.ts';
import type { FileReader } from '../disk/file-reader.ts';
import type { FileWriter } from '../disk/file-writer.ts';
import { makeOwnDirectory } from '../disk/own-directory.ts';
import { ownPaths } from '../disk/own-paths.ts';
import type { ReasonCode } from '../reason.ts';

/**
 * Keeps the bytes of a damaged file before it is replaced, with a note saying why: nothing a person may want to look at
 * is lost. The live file is only read. A copy, not a link: a product that writes in place would write into the evidence.
 * What is no regular file, or is larger than the reader takes (1 MiB), gets the note alone.
 *
 * It is bounded by who calls it: a commit, of which the brake allows a few a day, and only for files of the layout.
 * Nothing removes it: it is evidence, and a person's to delete.
 *
 * @param input.at ms since the epoch
 * @returns node path of the copy, or of the note where there could be none:
 * `/var/lib/certmend/quarantine/20271205T030000Z/server/tls/client-admin.key`
 * @throws CertmendError StorageFull and siblings; the node's files are untouched
 */
export function keepInQuarantine(input: {
  readonly reader: FileReader;
  readonly writer: FileWriter;
  readonly dataDir: string;
  readonly path: string;
  readonly id: string;
  readonly reason: ReasonCode;
  readonly at: number;
}): string {
  const { reader, writer, dataDir, path, id, reason } = input;
  const at = new Date(input.at).toISOString();
  const target = freePlace(reader, at, path.startsWith(`${dataDir}/`) ? path.slice(dataDir.length + 1) : path.slice(1));
  const note = `${target}.note.json`;
  const exists = (directory: string): boolean => reader.stat(directory).state !== 'absent';
  makeOwnDirectory(reader, writer, ownPaths.quarantine);
  makeDirectories(writer, dirname(target), 0o700, exists);

  const live = reader.read(path);
  const found =
    live.state === 'regular'
      ? { sha256: live.sha256, mode: live.mode, uid: live.uid, gid: live.gid }
      : { problem: live.state === 'absent' ? 'is absent' : live.detail };
  if (live.state === 'regular') {
    writeNewFile(writer, target, live.bytes, { mode: 0o600 });
  }
  const text = jsonText({ schema: 1, path, id, reason, at, ...found }, 2);
  writeNewFile(writer, note, Buffer.from(`${text}\n`), { mode: 0o600 });
  onDisk('make durable', dirname(target), () => {
    // The live file goes next; its copy must be found after a power cut too.
    writer.syncDirectory(dirname(target));
  });
  return live.state === 'regular' ? target : note;
}

/** Twice in a second the same file (a restart loop, a test): the second copy gets a directory of its own. */
function freePlace(reader: FileReader, at: string, name: string): string {
  const time = at.replace(/[-:]|\.\d+/g, '');
  for (let number = 1; ; number += 1) {
    const place = join(ownPaths.quarantine, number === 1 ? time : `${time}-${String(number)}`, name);
    if (reader.stat(place).state === 'absent' && reader.stat(`${place}.note.json`).state === 'absent') {
      return place;
    }
  }
}
