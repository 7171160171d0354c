import type { FileWriter } from '../../src/disk/file-writer.ts';

/** The machine stops here. Not an error any code may answer: everything after it throws again and does nothing. */
export class PowerCut extends Error {
  override readonly name = 'PowerCut';
}

export interface Interrupted {
  readonly writer: FileWriter;
  /** Calls that were made so far, the interrupted ones included. */
  readonly calls: () => number;
  /** System call of the first one that met its interruption. */
  readonly failed: () => string | undefined;
}

/** What happens instead of a call; `first` is true the first time. Returning lets the call go through. */
type Interruption = (first: boolean, method: keyof FileWriter) => void;

/** Every call through the port is counted, from 1; those that `when` picks meet the interruption. */
function interrupt(
  inner: FileWriter,
  when: (call: number, method: keyof FileWriter) => boolean,
  interruption: Interruption,
): Interrupted {
  let calls = 0;
  let met = false;
  let failed: string | undefined;
  function before(method: keyof FileWriter): void {
    calls += 1;
    if (when(calls, method)) {
      const first = !met;
      met = true;
      failed ??= systemCallOf(method);
      interruption(first, method);
    }
  }
  const writer: FileWriter = {
    create: (path, mode) => {
      before('create');
      return inner.create(path, mode);
    },
    openExisting: (path) => {
      before('openExisting');
      return inner.openExisting(path);
    },
    truncate: (descriptor, length) => {
      before('truncate');
      inner.truncate(descriptor, length);
    },
    write: (descriptor, bytes) => {
      try {
        before('write');
      } catch (error) {
        // A write can come to an end in the middle.
        if (!(error instanceof PowerCut) || error.message === 'first')
          inner.write(descriptor, bytes.subarray(0, bytes.length >> 1));
        throw error;
      }
      inner.write(descriptor, bytes);
    },
    setOwner: (descriptor, uid, gid) => {
      before('setOwner');
      inner.setOwner(descriptor, uid, gid);
    },
    setMode: (descriptor, mode) => {
      before('setMode');
      inner.setMode(descriptor, mode);
    },
    setTimes: (descriptor, modifiedAtMs) => {
      before('setTimes');
      inner.setTimes(descriptor, modifiedAtMs);
    },
    sync: (descriptor) => {
      before('sync');
      inner.sync(descriptor);
    },
    close: (descriptor) => {
      before('close');
      inner.close(descriptor);
    },
    rename: (from, to) => {
      before('rename');
      inner.rename(from, to);
    },
    link: (existing, created) => {
      before('link');
      inner.link(existing, created);
    },
    unlink: (path) => {
      before('unlink');
      inner.unlink(path);
    },
    makeDirectory: (path, mode) => {
      before('makeDirectory');
      inner.makeDirectory(path, mode);
    },
    removeDirectory: (path) => {
      before('removeDirectory');
      inner.removeDirectory(path);
    },
    syncDirectory: (path) => {
      before('syncDirectory');
      inner.syncDirectory(path);
    },
  };
  return { writer, calls: () => calls, failed: () => failed };
}

/** The machine stops before call `k` takes effect (in the middle of it, for a write) and does nothing ever after. */
export function cutAt(inner: FileWriter, k: number): Interrupted {
  return interrupt(
    inner,
    (call) => call >= k,
    (first) => {
      throw new PowerCut(first ? 'first' : 'dead');
    },
  );
}

/** The machine stops before its `n`-th rename. */
export function cutAtRename(inner: FileWriter, n: number): Interrupted {
  let renames = 0;
  return interrupt(
    inner,
    (_, method) => (method === 'rename' ? (renames += 1) : renames) >= n,
    (first) => {
      throw new PowerCut(first ? 'first' : 'dead');
    },
  );
}

/** Call `k` fails with the error number of a real disk; `persistent`: and every call after it, except close. */
export function failAt(inner: FileWriter, k: number, errno: string, persistent = false): Interrupted {
  return interrupt(
    inner,
    (call) => (persistent ? call >= k : call === k),
    (_, method) => {
      if (method !== 'close' || !persistent) {
        throw Object.assign(new Error(`${errno}: injected`), {
          code: errno,
          syscall: systemCallOf(method),
          errno: -1,
        });
      }
    },
  );
}

/** Counts only. */
export function counted(inner: FileWriter): Interrupted {
  return interrupt(
    inner,
    () => false,
    () => undefined,
  );
}

function systemCallOf(method: keyof FileWriter): string {
  return method === 'sync' || method === 'syncDirectory' ? 'fsync' : method;
}
