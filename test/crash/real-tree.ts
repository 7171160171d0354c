import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { FileWriter } from '../../src/disk/file-writer.ts';
import { judge, oldTree, strays, type Machine } from './small-node.ts';
import { builtModule } from '../cli/built-module.ts';

const { createFileReader } = builtModule<typeof import('../../src/system/files/node-file-reader.ts')>(
  'src/system/files/node-file-reader.ts',
);
const { createFileWriter } = builtModule<typeof import('../../src/system/files/node-file-writer.ts')>(
  'src/system/files/node-file-writer.ts',
);

/** The small node as real files below a temporary root, written by the real adapter. */
export class RealTree {
  readonly root = mkdtempSync(join(tmpdir(), 'certmend-crash-'));
  /** Every call is made but fsync: a killed process loses nothing that the kernel has, and the power-loss model has its own disk. */
  readonly writer: FileWriter;

  constructor() {
    for (const [path, file] of oldTree) {
      if (file !== undefined) {
        mkdirSync(dirname(join(this.root, path)), { recursive: true, mode: 0o700 });
        writeFileSync(join(this.root, path), file.bytes, { mode: file.mode });
        chmodSync(join(this.root, path), file.mode);
      }
    }
    this.writer = {
      ...createFileWriter(this.root),
      sync: () => undefined,
      syncDirectory: () => undefined,
    };
  }

  /** A process on it: a reader of its own, since a reader remembers. */
  machine(writer: FileWriter = this.writer): Machine {
    const { uid, gid } = statSync(this.root);
    return { reader: createFileReader(this.root), writer, owner: { uid, gid } };
  }

  verdict(): string {
    return judge((path) => {
      const host = join(this.root, path);
      const stats = statSync(host, { throwIfNoEntry: false });
      return stats?.isFile() === true ? { bytes: readFileSync(host), mode: stats.mode & 0o7777 } : undefined;
    });
  }

  strays(): readonly string[] {
    const paths = readdirSync(this.root, { recursive: true, encoding: 'utf8' }).map((path) => `/${path}`);
    return strays(paths);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
