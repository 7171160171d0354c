import assert from 'node:assert/strict';
import { closeSync, openSync, readSync, truncateSync, writeFileSync } from 'node:fs';

/** The unit of the format. */
const sectorBytes = 512;
/** The log lies in a sparse file that has its size from the beginning; a boot writes about a hundredth of that. */
const roomBytes = 2 ** 31;
const magic = 0x6a_736677_736872n;
const [flush, discard] = [1n, 4n];

/** One request of the machine to its disk. */
export interface Request {
  /** From here on, what was written before is on the disk even when the power fails. */
  readonly isFlush: boolean;
  /** Bytes from the beginning of the disk. */
  readonly at: number;
  readonly length: number;
  /** Where its data lies in the log. */
  readonly data: number;
}

/**
 * All that a machine wrote to its disk, and when it had the disk's cache flushed, in order: qemu's driver `blklogwrites`
 * keeps it in the format of Linux's dm-log-writes, which file systems are tested with. From it the disk can be had as a
 * power cut at any moment would have left it.
 */
export class WriteLog {
  readonly #path: string;
  /** What was read of it, and where the next request lies. */
  readonly #requests: Request[] = [];
  #position = sectorBytes;

  constructor(path: string) {
    writeFileSync(path, '');
    truncateSync(path, roomBytes);
    this.#path = path;
  }

  /** The emulator's word for a disk that is logged here. `file` is its word for the image. */
  below(file: string): string {
    const image = file.split(',').map((option) => `file.${option}`);
    const log = `log.driver=file,log.filename=${this.#path},log-sector-size=${sectorBytes}`;
    return `driver=blklogwrites,node-name=disk,${image.join(',')},${log}`;
  }

  /** How many requests there were up to the last flush; also while the machine runs. */
  get length(): number {
    const head = this.#read(0, sectorBytes);
    // Not begun yet.
    if (head.readBigUInt64LE(0) === 0n) return 0;
    assert.equal(head.readBigUInt64LE(0), magic, 'a log of writes');
    return Number(head.readBigUInt64LE(16));
  }

  /** Those up to the last flush. */
  requests(): readonly Request[] {
    const total = this.length;
    while (this.#requests.length < total) {
      const entry = this.#read(this.#position, 32);
      const flags = entry.readBigUInt64LE(16);
      const isDiscard = (flags & discard) !== 0n;
      const length = isDiscard ? 0 : Number(entry.readBigUInt64LE(8)) * sectorBytes;
      const at = Number(entry.readBigUInt64LE(0)) * sectorBytes;
      this.#requests.push({ isFlush: (flags & flush) !== 0n, at, length, data: this.#position + sectorBytes });
      this.#position += sectorBytes + length;
    }
    return this.#requests;
  }

  /** What it wrote. */
  dataOf({ data, length }: Request): Buffer {
    return this.#read(data, length);
  }

  #read(position: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    const descriptor = openSync(this.#path, 'r');
    readSync(descriptor, bytes, 0, length, position);
    closeSync(descriptor);
    return bytes;
  }
}
