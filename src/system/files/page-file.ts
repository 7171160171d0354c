import { basename, dirname, join } from 'node:path';
import { CertmendError, exitStatus } from '../../error.ts';
import { realPath } from '../../disk/real-path.ts';
import { shellWord } from '../../disk/shell-word.ts';
import { hostDirectory } from './host-place.ts';
import { createFileReader } from './node-file-reader.ts';
import { createFileWriter } from './node-file-writer.ts';
import { readPart } from './read-part.ts';
import { replaceFile } from './textfile.ts';

/**
 * Writes a page for a person, where that person wants it: on the host, whatever --root is. Whole and for good, or not at all; 0600,
 * since it names what an attacker would look for, and who may read it is for its owner to say. Nothing is overwritten but an
 * earlier page, and nothing is put among the files of the node or of certmend (P2).
 *
 * @param path absolute path on this host
 * @param mark how a page of certmend begins
 * @param among directories and files of the node, as node paths, where no page belongs
 * @param root directory that stands in for the node's `/`
 * @throws CertmendError Usage (exit 64) for a place that is not fit, ProtectedPath (77), Storage… (73)
 */
export function writePage(path: string, text: string, mark: string, among: readonly string[], root: string): void {
  const reader = createFileReader('/');
  const directory = realPath(reader, dirname(path));
  const place = join(directory, basename(path));
  const owner = among.find((one) => isBelow(place, whereIs(one, root)));
  if (owner !== undefined) {
    throw new CertmendError('ProtectedPath', `refused to write ${path}: it lies in ${owner}; nothing was written`, {
      exit: exitStatus.refused,
      hint: 'choose a place outside of what belongs to the node and to certmend, for example /root/node.html',
    });
  }
  const at = reader.stat(directory);
  if (at.state === 'absent' || (at.state === 'present' && at.type !== 'directory'))
    throw unfit(`${dirname(path)} is not a directory; nothing was written`, `mkdir -p ${shellWord(dirname(path))}`);
  const there = reader.stat(place);
  if (there.state !== 'absent' && !(there.state === 'present' && there.type === 'file' && beginsWith(place, mark))) {
    throw unfit(
      `${path} exists and is not a page that certmend made; it was not changed`,
      'choose a name that is not taken; - is standard output',
    );
  }
  replaceFile(createFileWriter('/'), place, text, 0o600);
}

function unfit(message: string, hint: string): CertmendError {
  return new CertmendError('Usage', message, { exit: exitStatus.usage, hint });
}

/** On this host; the name alone where nothing is there, or links lead nowhere: then nothing can be put below it either. */
function whereIs(path: string, root: string): string {
  try {
    return realPath(createFileReader('/'), hostDirectory(realPath(createFileReader('/'), root), path));
  } catch {
    return join(realPath(createFileReader('/'), root), path);
  }
}

function isBelow(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`);
}

function beginsWith(path: string, mark: string): boolean {
  return readPart(path, 0, Buffer.byteLength(mark))?.toString() === mark;
}
