import { join } from 'node:path';
import type { FileReader } from './file-reader.ts';

/** As many as Linux follows in one path (nextresolution(7)). */
const maxLinks = 40;

/**
 * The path with every link in it followed, as systemd follows them when it sets up a sandbox. What is not there (yet)
 * stays as it is named; so does a path whose links lead in a circle.
 */
export function realPath(reader: FileReader, path: string): string {
  let rest = components(path);
  let real = '/';
  for (let links = 0; ;) {
    const [next, ...others] = rest;
    if (next === undefined) return real;
    const here = join(real, next);
    const target = reader.readLink(here);
    if (target === undefined) {
      real = here;
      rest = others;
    } else {
      if ((links += 1) > maxLinks) return path;
      if (target.startsWith('/')) real = '/';
      rest = [...components(target), ...others];
    }
  }
}

function components(path: string): readonly string[] {
  return path.split('/').filter((component) => component !== '' && component !== '.');
}
