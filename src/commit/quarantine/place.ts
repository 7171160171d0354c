import { basename, dirname, join } from 'node:path';
import { type FileReader, namesIn, unread } from '../../disk/file-reader.ts';
import { ownPaths } from '../../disk/own-paths.ts';

/** Beside what is kept, or in its place where nothing could be. */
export function notePath(place: string): string {
  return `${place}.note.json`;
}

/** A time as the names have it: `20271205T030405Z`. @param at RFC 3339, UTC */
function timeName(at: string): string {
  return at.replace(/[-:]|\.\d+/g, '');
}

/** Places that are tried: beyond them something else is wrong than that two files came in the same second. */
const triedPlaces = 1000;

/** Twice in a second the same file (a restart loop, a test): the second copy gets a directory of its own. */
export function freePlace(reader: FileReader, at: string, name: string): string {
  for (const time of numbered(timeName(at))) {
    const place = join(ownPaths.quarantine, time, name);
    const [kept, note] = [reader.stat(place), reader.stat(notePath(place))];
    if (kept.state === 'unreadable') throw unread(place, kept.detail, 'nothing was changed');
    if (kept.state === 'absent' && note.state === 'absent') return place;
  }
  throw unread(ownPaths.quarantine, 'has no free name left for this second', 'nothing was changed');
}

/** Where a damaged thing stays whose file system is not that of the quarantine: beside the file that takes its place. */
export function freeSibling(reader: FileReader, at: string, path: string): string {
  for (const time of numbered(timeName(at))) {
    const place = `${path}.${time}.damaged`;
    const there = reader.stat(place);
    if (there.state === 'unreadable') throw unread(place, there.detail, 'nothing was changed');
    if (there.state === 'absent') return place;
  }
  throw unread(dirname(path), 'has no free name left for this second', 'nothing was changed');
}

/** The siblings of a path, oldest first. */
export function siblings(reader: FileReader, path: string): readonly string[] {
  const prefix = `${basename(path)}.`;
  return namesIn(reader, dirname(path))
    .filter((name) => name.startsWith(prefix) && /^\d{8}T\d{6}Z(?:-\d+)?\.damaged$/.test(name.slice(prefix.length)))
    .toSorted((left, right) => byTime(left.slice(prefix.length), right.slice(prefix.length)))
    .map((name) => join(dirname(path), name));
}

/** Names of times in order: of the same second, the one with the higher number is the later. */
export function byTime(left: string, right: string): number {
  const [second, other] = [left, right].map((name) => name.slice(0, 16));
  if (second !== other) return (second ?? '') < (other ?? '') ? -1 : 1;
  return numberOf(left) - numberOf(right);
}

function numberOf(name: string): number {
  return Number(/^.{16}-(\d+)/.exec(name)?.[1] ?? 1);
}

function numbered(time: string): readonly string[] {
  return Array.from({ length: triedPlaces }, (_, index) => (index === 0 ? time : `${time}-${String(index + 1)}`));
}
