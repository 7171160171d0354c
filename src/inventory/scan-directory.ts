import type { FileReader } from '../disk/file-reader.ts';
import type { UnknownFile } from './inventory.ts';
import { lookAt, type Look } from './take-inventory.ts';

const maxDepth = 16;

/**
 * Certificates in a directory and everything below it, in path order. A link to a directory is not followed, one to a
 * file only when it stays inside; a directory that is too deep or cannot be listed is in the answer with its problem.
 */
export function scanDirectory(directory: string, reader: FileReader): readonly UnknownFile[] {
  const top = directory.replace(/\/+$/, '') || '/';
  const look: Look = { reader, read: (path) => reader.read(path, top), memory: new Map() };
  return scan(top, look, 0);
}

function scan(directory: string, look: Look, depth: number): readonly UnknownFile[] {
  if (depth > maxDepth) return [problem(directory, `is more than ${maxDepth} directories deep`)];
  const names = look.reader.list(directory);
  if (names === undefined) return [problem(directory, 'cannot be listed')];
  return names.flatMap((name) => {
    const path = directory === '/' ? `/${name}` : `${directory}/${name}`;
    const state = look.reader.stat(path);
    if (state.state === 'present' && state.type === 'directory') return scan(path, look, depth + 1);
    const file = lookAt(path, look);
    return file === undefined ? [] : [file];
  });
}

function problem(path: string, detail: string): UnknownFile {
  return { path, certificates: [], problems: [detail] };
}
