import { fstatSync, writeSync } from 'node:fs';
import { diskError, errnoOf } from '../disk/disk-error.ts';

/** How long in all a reader may leave a full pipe unread before the rest is given up, milliseconds. */
const patienceMs = 5000;
const pauseMs = 10;
/** Major number of /dev/null and its kin. */
const memoryDevices = 1;

export interface StandardOutput {
  /** Returns when the last byte is written, or when there is nobody left to read it. */
  write(text: string): void;
  readonly isTerminal: boolean;
  readonly columns: number | undefined;
}

/**
 * Where results go. Not process.stdout: opening that costs a boot hook 5 ms, and it tells of a write that failed when it
 * is too late, in an event that ends the process.
 *
 * @throws CertmendError from `write` (exit 73): the disk behind `>` is full, or broken. A reader that left (`| head`) is
 * no error.
 */
export function standardOutput(): StandardOutput {
  const write = patientWriter(1);
  return {
    ...surfaceOf(1),
    write: (text) => {
      try {
        write(text);
      } catch (error) {
        if (errnoOf(error) !== 'EPIPE') throw diskError(error, 'write the result to', 'standard output');
      }
    },
  };
}

/** Where messages go. `write` never throws: a console that is gone must not stop a rotation half-way. */
export function standardError(): StandardOutput {
  const write = patientWriter(2);
  return {
    ...surfaceOf(2),
    write: (text) => {
      try {
        write(text);
      } catch {
        // and there is nobody left to tell
      }
    },
  };
}

function surfaceOf(descriptor: 1 | 2): Pick<StandardOutput, 'isTerminal' | 'columns'> {
  if (!isTerminal(descriptor)) return { isTerminal: false, columns: undefined };
  const { columns } = descriptor === 1 ? process.stdout : process.stderr;
  return { isTerminal: true, columns };
}

/** Loads the runtime's terminal code, 2 ms, only for what can be a terminal. */
export function isTerminal(descriptor: 0 | 1 | 2): boolean {
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isCharacterDevice() || stats.rdev >> 8 === memoryDevices) return false;
  } catch {
    return false;
  }
  return process.getBuiltinModule('node:tty').isatty(descriptor);
}

/** Writes to the last byte. A pipe that its other end made non-blocking says EAGAIN while it is full. */
function patientWriter(descriptor: 1 | 2): (text: string) => void {
  let waitedMs = 0;
  return (text) => {
    const bytes = Buffer.from(text);
    for (let written = 0; written < bytes.length;) {
      try {
        written += writeSync(descriptor, bytes, written);
      } catch (error) {
        if (errnoOf(error) !== 'EAGAIN' || waitedMs >= patienceMs) throw error;
        waitedMs += pauseMs;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
      }
    }
  };
}
