import { jsonText } from '../disk/json-text.ts';
import { dirname, join } from 'node:path';
import { onDisk } from '../disk/disk-error.ts';
import { makeDirectories, writeNewFile } from '../disk/durable-write.ts';
import type { FileReader, FileState } from '../disk/file-reader.ts';
import type { FileWriter } from '../disk/file-writer.ts';
import { makeOwnDirectory } from '../disk/own-directory.ts';
import { ownPaths } from '../disk/own-paths.ts';
import { namesIn, unread } from '../disk/require-readable.ts';
import type { ReasonCode } from '../reason.ts';

/**
 * Keeps the bytes of a damaged file before it is replaced, with a note saying why: nothing a person may want to look at
 * is lost. The live file is only read. A copy, not a link: a product that writes in place would write into the evidence.
 * What is no regular file, or is larger than the reader takes (1 MiB), gets the note alone.
 *
 * The same bytes of the same file are kept once, however often an attempt is made. Beyond that it is bounded by who calls
 * it: a commit, of which the brake allows a few a day, and only for files of the layout.
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
  const name = path.startsWith(`${dataDir}/`) ? path.slice(dataDir.length + 1) : path.slice(1);
  const live = reader.read(path);
  const earlier = keptBefore(reader, name, live);
  if (earlier !== undefined) {
    // Whoever kept it may have been ended before this.
    syncDirectory(writer, dirname(earlier));
    return earlier;
  }
  const target = freePlace(reader, at, name);
  const note = `${target}.note.json`;
  const exists = (directory: string): boolean => reader.stat(directory).state !== 'absent';
  makeOwnDirectory(reader, writer, ownPaths.quarantine);
  makeDirectories(writer, dirname(target), 0o700, exists);

  const link = reader.readLink(path);
  const found =
    live.state === 'regular'
      ? { sha256: live.sha256, mode: live.mode, uid: live.uid, gid: live.gid }
      : { problem: live.state === 'absent' ? 'is absent' : live.detail };
  if (live.state === 'regular') {
    writeNewFile(writer, target, live.bytes, { mode: 0o600 });
  }
  const text = jsonText({ schema: 1, path, id, reason, at, ...(link === undefined ? {} : { link }), ...found }, 2);
  writeNewFile(writer, note, Buffer.from(`${text}\n`), { mode: 0o600 });
  // The live file goes next; its copy must be found after a power cut too.
  syncDirectory(writer, dirname(target));
  return live.state === 'regular' ? target : note;
}

function syncDirectory(writer: FileWriter, directory: string): void {
  onDisk('make durable', directory, () => {
    writer.syncDirectory(directory);
  });
}

/**
 * Where the very same was kept before: an attempt that is made again every few seconds must not keep its evidence again
 * each time (P13). A copy without a note is of a run that was ended in the middle, and does not count.
 */
function keptBefore(reader: FileReader, name: string, live: FileState): string | undefined {
  for (const time of namesIn(reader, ownPaths.quarantine)) {
    const place = join(ownPaths.quarantine, time, name);
    const note = reader.read(`${place}.note.json`);
    if (note.state !== 'regular') continue;
    if (live.state === 'regular') {
      const copy = reader.read(place);
      if (copy.state === 'regular' && copy.sha256 === live.sha256) return place;
    } else if (live.state === 'unreadable' && note.bytes.includes(`"problem": ${jsonText(live.detail)}`)) {
      return `${place}.note.json`;
    }
  }
  return undefined;
}

/** Places that are tried: beyond them something else is wrong than that two files came in the same second. */
const triedPlaces = 1000;

/** Twice in a second the same file (a restart loop, a test): the second copy gets a directory of its own. */
function freePlace(reader: FileReader, at: string, name: string): string {
  const time = at.replace(/[-:]|\.\d+/g, '');
  for (let number = 1; number <= triedPlaces; number += 1) {
    const place = join(ownPaths.quarantine, number === 1 ? time : `${time}-${String(number)}`, name);
    const [copy, note] = [reader.stat(place), reader.stat(`${place}.note.json`)];
    if (copy.state === 'unreadable') throw unread(place, copy.detail, 'nothing was changed');
    if (copy.state === 'absent' && note.state === 'absent') return place;
  }
  throw unread(ownPaths.quarantine, 'has no place left for this second', 'nothing was changed');
}
