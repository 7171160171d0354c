import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import type { Request, WriteLog } from './write-log.ts';

/** The unit in which a disk keeps or loses what it was told to write: a block of the file system. */
const blockBytes = 4096;

interface Block {
  /** Bytes from the beginning of the disk. */
  readonly at: number;
  readonly bytes: Buffer;
}

/** A disk on which what another machine wrote is written again, up to one moment or another. */
export class Replay {
  readonly #image: string;
  readonly #requests: readonly Request[];
  /** For each request. */
  readonly #blocks: readonly (readonly Block[])[];
  /** What was there before the first request. */
  readonly #before: readonly Block[];

  /**
   * @param image the disk as it was when the log began
   * @param end so many requests can be replayed: what a machine writes later, once it works, is a hundred times as much
   */
  constructor(image: string, log: WriteLog, end: number) {
    this.#image = image;
    this.#requests = log.requests().slice(0, end);
    this.#blocks = this.#requests.map((request) => blocksOf(request.at, log.dataOf(request)));
    const descriptor = openSync(image, 'r');
    this.#before = this.#blocks.flat().map(({ at, bytes: { length } }) => {
      const bytes = Buffer.alloc(length);
      readSync(descriptor, bytes, 0, length, at);
      return { at, bytes };
    });
    closeSync(descriptor);
  }

  /**
   * The power fails after so many requests. What was flushed by then is there. What was written after the last flush may
   * be there or not, block by block, since a disk writes its cache back as it likes: `isKept` decides.
   */
  cutAfter(count: number, isKept: () => boolean): void {
    const flushed = this.#requests.slice(0, count).findLastIndex(({ isFlush }) => isFlush) + 1;
    const [durable, cached] = [this.#blocks.slice(0, flushed).flat(), this.#blocks.slice(flushed, count).flat()];
    const descriptor = openSync(this.#image, 'r+');
    for (const { at, bytes } of [...this.#before, ...durable, ...cached.filter(isKept)])
      writeSync(descriptor, bytes, 0, bytes.length, at);
    closeSync(descriptor);
  }
}

function blocksOf(at: number, data: Buffer): Block[] {
  const blocks: Block[] = [];
  for (let from = 0; from < data.length; from += blockBytes)
    blocks.push({ at: at + from, bytes: data.subarray(from, from + blockBytes) });
  return blocks;
}
