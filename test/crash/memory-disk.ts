import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import type { FileReader, FileState, PathState } from '../../src/disk/file-reader.ts';
import type { FileWriter } from '../../src/disk/file-writer.ts';

/*
 * A disk that forgets what was not synced: the least that POSIX promises, which is less than ext4 keeps.
 * A file's contents, mode and owner are on the disk once the file was synced; a directory's entries once the directory
 * was. Until then any subset of the changes may have reached it, in any order between directories and files. A rename
 * within a directory reaches it whole or not at all.
 */

interface Contents {
  readonly bytes: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

interface FileInode {
  readonly type: 'file';
  now: Contents;
  /** Undefined: never synced. */
  onDisk: Contents | undefined;
  /** A sync of these very contents failed: the kernel takes them for written, and a sync of them does nothing. */
  failed?: Contents | undefined;
}

interface DirectoryInode {
  readonly type: 'directory';
  readonly mode: number;
  now: Map<string, Inode>;
  onDisk: Map<string, Inode>;
  /** Since the last sync, in order. */
  pending: Operation[];
  /** A sync failed and nothing was changed since: a further one does nothing. */
  failed?: boolean;
}

type Inode = FileInode | DirectoryInode;

/** One change of a directory, whole or not at all. */
interface Operation {
  readonly remove?: string;
  readonly add?: { readonly name: string; readonly inode: Inode };
}

function apply({ remove, add }: Operation, entries: Map<string, Inode>): void {
  if (remove !== undefined) entries.delete(remove);
  if (add !== undefined) entries.set(add.name, add.inode);
}

/** Which unsynced changes survive. Asked once per pending directory operation and once per unsynced file. */
export interface Survival {
  readonly operation: (index: number) => boolean;
  readonly data: (index: number) => 'lost' | 'half' | 'whole';
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code, syscall: 'memory', path });
}

export class MemoryDisk {
  readonly #root: DirectoryInode;
  readonly #descriptors = new Map<number, { readonly inode: FileInode; at: number }>();
  #nextDescriptor = 3;

  constructor(
    root: DirectoryInode = { type: 'directory', mode: 0o755, now: new Map(), onDisk: new Map(), pending: [] },
  ) {
    this.#root = root;
  }

  /** Puts a file there as if it had always been: directories and contents are on the disk. */
  plant(path: string, bytes: Uint8Array, mode: number): void {
    const contents = { bytes: Buffer.from(bytes), mode, uid: 0, gid: 0 };
    const inode: FileInode = { type: 'file', now: contents, onDisk: contents };
    const directory = this.#plantDirectory(dirname(path));
    directory.now.set(basename(path), inode);
    directory.onDisk.set(basename(path), inode);
  }

  /** How many choices a power loss has now: unsynced directory operations and unsynced files. */
  pending(): { readonly operations: number; readonly files: number } {
    let operations = 0;
    let files = 0;
    this.#walk((inode) => {
      if (inode.type === 'directory') operations += inode.pending.length;
      else if (inode.onDisk !== inode.now) files += 1;
    });
    return { operations, files };
  }

  /** The disk that the machine finds when the power is back. This one is left as it is, so that many can be made of it. */
  afterPowerLoss(survival: Survival): MemoryDisk {
    const made = new Map<Inode, Inode>();
    let operations = 0;
    let files = 0;
    const decided = new Map<FileInode, Contents>();
    // Numbered in the order of the walk, whatever survives, so that a choice means the same every time.
    const kept = new Map<DirectoryInode, Map<string, Inode>>();
    this.#walk((inode) => {
      if (inode.type === 'directory') {
        const entries = new Map(inode.onDisk);
        for (const operation of inode.pending) if (survival.operation(operations++)) apply(operation, entries);
        kept.set(inode, entries);
      } else if (inode.onDisk !== inode.now) {
        decided.set(inode, survivor(inode, survival.data(files++)));
      }
    });
    const rebuild = (inode: Inode): Inode => {
      const known = made.get(inode);
      if (known !== undefined) return known;
      if (inode.type === 'file') {
        const contents = decided.get(inode) ?? inode.now;
        const file: FileInode = { type: 'file', now: contents, onDisk: contents };
        made.set(inode, file);
        return file;
      }
      const entries = new Map([...(kept.get(inode) ?? inode.onDisk)].map(([name, child]) => [name, rebuild(child)]));
      return { type: 'directory', mode: inode.mode, now: entries, onDisk: new Map(entries), pending: [] };
    };
    const root = rebuild(this.#root);
    return new MemoryDisk(root.type === 'directory' ? root : undefined);
  }

  /** The same disk for the next process: nothing is lost but the descriptors. A copy, so that many can go on from here. */
  afterKill(): MemoryDisk {
    const made = new Map<Inode, Inode>();
    const copy = (inode: Inode): Inode => {
      const known = made.get(inode);
      if (known !== undefined) return known;
      if (inode.type === 'file') {
        const file: FileInode = { ...inode };
        made.set(inode, file);
        return file;
      }
      const directory: DirectoryInode = { ...inode, now: new Map(), onDisk: new Map(), pending: [] };
      made.set(inode, directory);
      directory.now = copyEntries(inode.now);
      directory.onDisk = copyEntries(inode.onDisk);
      directory.pending = inode.pending.map((operation) =>
        operation.add === undefined
          ? operation
          : { ...operation, add: { name: operation.add.name, inode: copy(operation.add.inode) } },
      );
      return directory;
    };
    const copyEntries = (entries: Map<string, Inode>): Map<string, Inode> =>
      new Map([...entries].map(([name, inode]) => [name, copy(inode)]));
    const root = copy(this.#root);
    return new MemoryDisk(root.type === 'directory' ? root : undefined);
  }

  /** Node paths of all files, sorted. */
  files(): readonly string[] {
    const paths: string[] = [];
    const visit = (directory: DirectoryInode, prefix: string): void => {
      for (const [name, inode] of directory.now) {
        if (inode.type === 'directory') visit(inode, `${prefix}/${name}`);
        else paths.push(`${prefix}/${name}`);
      }
    };
    visit(this.#root, '');
    return paths.sort();
  }

  readonly reader: FileReader = {
    read: (path) => this.#read(path),
    readOwn: (path) => this.#read(path),
    stat: (path) => this.#stat(path),
    list: (path) => {
      const inode = this.#find(path);
      return inode?.type === 'directory' ? [...inode.now.keys()].sort() : undefined;
    },
    readLink: () => undefined,
    mountedOver: () => new Map(),
  };

  readonly writer: FileWriter = {
    create: (path, mode) => {
      const directory = this.#directoryOf(path);
      const name = basename(path);
      if (directory.now.has(name)) throw failure('EEXIST', path);
      const inode: FileInode = {
        type: 'file',
        now: { bytes: Buffer.alloc(0), mode, uid: 0, gid: 0 },
        onDisk: undefined,
      };
      this.#change(directory, { add: { name: name, inode } });
      this.#descriptors.set(this.#nextDescriptor, { inode, at: 0 });
      return this.#nextDescriptor++;
    },
    openExisting: (path) => {
      const inode = this.#find(path);
      if (inode?.type !== 'file') throw failure('ENOENT', path);
      this.#descriptors.set(this.#nextDescriptor, { inode, at: 0 });
      return this.#nextDescriptor++;
    },
    write: (descriptor, bytes) => {
      const inode = this.#open(descriptor);
      const place = this.#descriptors.get(descriptor) ?? { at: 0 };
      const end = place.at + bytes.length;
      inode.now = {
        ...inode.now,
        bytes: Buffer.concat([inode.now.bytes.subarray(0, place.at), bytes, inode.now.bytes.subarray(end)]),
      };
      place.at = end;
    },
    truncate: (descriptor, length) => {
      const inode = this.#open(descriptor);
      inode.now = { ...inode.now, bytes: inode.now.bytes.subarray(0, length) };
    },
    setOwner: (descriptor, uid, gid) => {
      const inode = this.#open(descriptor);
      inode.now = { ...inode.now, uid, gid };
    },
    setMode: (descriptor, mode) => {
      const inode = this.#open(descriptor);
      inode.now = { ...inode.now, mode };
    },
    // Times are none of its contents: no test asks for them here.
    setTimes: () => undefined,
    sync: (descriptor) => {
      const inode = this.#open(descriptor);
      if (inode.failed !== inode.now) inode.onDisk = inode.now;
    },
    close: (descriptor) => {
      this.#descriptors.delete(descriptor);
    },
    rename: (from, to) => {
      const directory = this.#directoryOf(from);
      const target = this.#directoryOf(to);
      const inode = directory.now.get(basename(from));
      if (inode === undefined) throw failure('ENOENT', from);
      if (directory !== target) throw failure('EXDEV', to);
      if (target.now.get(basename(to)) === inode) return; // rename(2): two names of one inode stay two names
      this.#change(directory, { remove: basename(from), add: { name: basename(to), inode } });
    },
    link: (existing, created) => {
      const inode = this.#find(existing);
      const directory = this.#directoryOf(created);
      if (inode === undefined) throw failure('ENOENT', existing);
      if (directory.now.has(basename(created))) throw failure('EEXIST', created);
      this.#change(directory, { add: { name: basename(created), inode } });
    },
    unlink: (path) => {
      const directory = this.#directoryOf(path);
      if (directory.now.get(basename(path))?.type !== 'file') throw failure('ENOENT', path);
      this.#change(directory, { remove: basename(path) });
    },
    makeDirectory: (path, mode) => {
      const directory = this.#directoryOf(path);
      if (directory.now.has(basename(path))) throw failure('EEXIST', path);
      const inode: DirectoryInode = { type: 'directory', mode, now: new Map(), onDisk: new Map(), pending: [] };
      this.#change(directory, { add: { name: basename(path), inode } });
    },
    removeDirectory: (path) => {
      const inode = this.#find(path);
      if (inode?.type !== 'directory' || inode.now.size > 0) throw failure('ENOTEMPTY', path);
      this.#change(this.#directoryOf(path), { remove: basename(path) });
    },
    syncDirectory: (path) => {
      const inode = this.#find(path);
      if (inode?.type !== 'directory') throw failure('ENOENT', path);
      if (inode.failed === true) return;
      inode.onDisk = new Map(inode.now);
      inode.pending = [];
    },
  };

  /** What an fsync that fails does: nothing reaches the disk, and all of it counts as written from now on. */
  failSync(descriptor: number): void {
    const inode = this.#open(descriptor);
    inode.failed = inode.now;
  }

  /** The same for a directory. */
  failSyncDirectory(path: string): void {
    const inode = this.#find(path);
    if (inode?.type !== 'directory') throw failure('ENOENT', path);
    inode.failed = true;
    inode.pending = [];
  }

  #change(directory: DirectoryInode, operation: Operation): void {
    apply(operation, directory.now);
    directory.failed = false;
    directory.pending.push(operation);
  }

  #walk(visit: (inode: Inode) => void): void {
    const seen = new Set<Inode>();
    const go = (inode: Inode): void => {
      if (seen.has(inode)) return;
      seen.add(inode);
      visit(inode);
      if (inode.type === 'directory') {
        // Also what only one of the two has, or had in between: a surviving operation may bring it back.
        const added = inode.pending.flatMap(({ add }) => (add === undefined ? [] : [add.inode]));
        const children = new Set([...inode.onDisk.values(), ...added]);
        children.forEach(go);
      }
    };
    go(this.#root);
  }

  #find(path: string): Inode | undefined {
    let inode: Inode | undefined = this.#root;
    for (const name of path.split('/').filter((part) => part !== ''))
      inode = inode?.type === 'directory' ? inode.now.get(name) : undefined;
    return inode;
  }

  #directoryOf(path: string): DirectoryInode {
    const inode = this.#find(dirname(path));
    if (inode?.type !== 'directory') throw failure('ENOENT', path);
    return inode;
  }

  #open(descriptor: number): FileInode {
    const inode = this.#descriptors.get(descriptor)?.inode;
    if (inode === undefined) throw failure('EBADF', String(descriptor));
    return inode;
  }

  #plantDirectory(path: string): DirectoryInode {
    if (path === '/') return this.#root;
    const parent = this.#plantDirectory(dirname(path));
    const known = parent.now.get(basename(path));
    if (known?.type === 'directory') return known;
    const made: DirectoryInode = { type: 'directory', mode: 0o700, now: new Map(), onDisk: new Map(), pending: [] };
    parent.now.set(basename(path), made);
    parent.onDisk.set(basename(path), made);
    return made;
  }

  #read(path: string): FileState {
    const inode = this.#find(path);
    if (inode === undefined) return { state: 'absent' };
    if (inode.type === 'directory') return { state: 'unreadable', problem: 'directory', detail: 'is a directory' };
    const { bytes, mode, uid, gid } = inode.now;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { state: 'regular', bytes, sha256, mode, uid, gid, mtimeMs: 0 };
  }

  #stat(path: string): PathState {
    const inode = this.#find(path);
    if (inode === undefined) return { state: 'absent' };
    if (inode.type === 'directory')
      return { state: 'present', type: 'directory', mode: inode.mode, uid: 0, gid: 0, size: 0, mtimeMs: 0 };
    const { bytes, mode, uid, gid } = inode.now;
    return { state: 'present', type: 'file', mode, uid, gid, size: bytes.length, mtimeMs: 0 };
  }
}

/** What was written over has its old end; a new file has none. */
function halfWritten(before: Buffer, now: Buffer): Buffer {
  const half = now.length >> 1;
  return Buffer.concat([now.subarray(0, half), before.subarray(half)]);
}

function survivor(inode: FileInode, fate: 'lost' | 'half' | 'whole'): Contents {
  const before = inode.onDisk ?? { bytes: Buffer.alloc(0), mode: 0o600, uid: 0, gid: 0 };
  switch (fate) {
    case 'lost':
      return before;
    case 'half':
      return { ...before, bytes: halfWritten(before.bytes, inode.now.bytes) };
    case 'whole':
      return inode.now;
  }
}
