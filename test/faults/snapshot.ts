import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';

interface Kept {
  readonly stats: Stats;
  readonly bytes: Buffer | undefined;
  readonly link: string | undefined;
  /** Another one means that somebody has changed it, or what is there now is something else. */
  stamp: string;
}

/** All below a directory, to be put back many times: only what has changed since is written again. */
export class Snapshot {
  readonly #root: string;
  readonly #kept = new Map<string, Kept>();

  constructor(root: string) {
    this.#root = root;
    for (const name of walk(root)) {
      const path = join(root, name);
      const stats = lstatSync(path);
      const bytes = stats.isFile() ? readFileSync(path) : undefined;
      const link = stats.isSymbolicLink() ? readlinkSync(path) : undefined;
      this.#kept.set(name, { stats, bytes, link, stamp: stampOf(stats) });
    }
  }

  /** @returns how many paths were not as they had been */
  restore(): number {
    let touched = 0;
    const names = walk(this.#root);
    for (const name of names) {
      const kept = this.#kept.get(name);
      const stats = lstatSync(join(this.#root, name), { throwIfNoEntry: false });
      if (stats !== undefined && (kept === undefined || isOther(kept, stats))) {
        rmSync(join(this.#root, name), { recursive: true });
        touched += 1;
      }
    }
    for (const [name, kept] of this.#kept) {
      const path = join(this.#root, name);
      if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
      touched += 1;
      if (kept.bytes !== undefined) writeFileSync(path, kept.bytes);
      else if (kept.link !== undefined) symlinkSync(kept.link, path);
      else mkdirSync(path);
      if (kept.link === undefined) {
        chmodSync(path, kept.stats.mode & 0o7777);
        utimesSync(path, kept.stats.atime, kept.stats.mtime);
      }
      kept.stamp = stampOf(lstatSync(path));
    }
    return touched;
  }
}

/** A directory is another one by its mode only: its times go with what is in it. */
function isOther(kept: Kept, stats: Stats): boolean {
  return stats.isDirectory() ? kept.stats.mode !== stats.mode : kept.stamp !== stampOf(stats);
}

function stampOf({ ino, ctimeMs, mode }: Stats): string {
  return `${ino} ${ctimeMs} ${mode}`;
}

/** Parents before their children. */
function walk(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).toSorted();
}
