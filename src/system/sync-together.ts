import { fsyncSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { Worker } from 'node:worker_threads';
import { systemClock } from './clock.ts';

/** Fewer than these are synced one after the other sooner than a thread starts. */
const worthAThread = 6;
/** A disk that answers sooner is not worth one either, milliseconds. */
const quickMs = 4;
/** A thread that has not answered by then never started (no memory, no threads left), milliseconds. */
const startsWithinMs = 5000;

/*
 * One after the other, each fsync waits for a commit of the file system's own journal: a set of 34 files took 43 to 203
 * ms where together they take 3 to 8, since all that wait share one. Node syncs in parallel only asynchronously, and
 * what writes here is synchronous, so that it can be cut and counted: a thread does it while this one waits. Descriptors
 * belong to the process, and with them the errors that an fsync has to tell.
 */
const inThread = `
const { fsync } = require('node:fs');
const { workerData: { descriptors, shared } } = require('node:worker_threads');
const cells = new Int32Array(shared);
Atomics.store(cells, 0, 1);
Atomics.notify(cells, 0);
let left = descriptors.length;
descriptors.forEach((descriptor, index) => {
  fsync(descriptor, (error) => {
    Atomics.store(cells, 2 + index, error === null ? 1 : error.errno);
    left -= 1;
    if (left > 0) return;
    Atomics.store(cells, 1, 1);
    Atomics.notify(cells, 1);
  });
});`;

/**
 * fsync(2) of every descriptor, together. Returns when all are on the disk.
 * @throws ErrnoException of the first that failed
 */
export function syncTogether(descriptors: readonly number[]): void {
  const clock = systemClock();
  for (const [index, descriptor] of descriptors.entries()) {
    const started = clock.monotonic();
    fsyncSync(descriptor);
    // The first pays for what all have in common; from the second on it is known what each costs.
    const isSlow = index > 0 && clock.monotonic() - started > quickMs;
    const rest = descriptors.slice(index + 1);
    if (isSlow && rest.length >= worthAThread && syncInThread(rest)) return;
  }
}

/**
 * @returns false when there was no thread to be had: then nothing was synced
 * @throws ErrnoException of the first that failed
 */
function syncInThread(descriptors: readonly number[]): boolean {
  const shared = new SharedArrayBuffer(4 * (2 + descriptors.length));
  const cells = new Int32Array(shared);
  let worker: Worker;
  try {
    worker = new Worker(inThread, { eval: true, workerData: { descriptors, shared }, execArgv: [], env: {} });
  } catch {
    return false;
  }
  // Its failure to start is seen below; an event that nobody hears would end the process.
  worker.on('error', () => undefined).unref();
  if (Atomics.wait(cells, 0, 0, startsWithinMs) === 'timed-out') {
    void worker.terminate();
    return false;
  }
  Atomics.wait(cells, 1, 0);
  for (const outcome of cells.subarray(2)) {
    if (outcome === 1) continue;
    const code = getSystemErrorName(outcome);
    throw Object.assign(new Error(`${code}: fsync`), { code, syscall: 'fsync', errno: outcome });
  }
  return true;
}
