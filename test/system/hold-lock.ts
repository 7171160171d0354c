import { acquireLock } from '../../src/system/files/lock.ts';

// A process of its own that takes the lock, says so, and keeps it until it is killed or its input ends.
const [root = '', waitMs = '0'] = process.argv.slice(2);
try {
  const lock = acquireLock(root, { waitMs: Number(waitMs) });
  process.stdout.write('held\n');
  process.stdin.on('end', () => {
    lock.release();
    process.stdout.write('released\n');
  });
  process.stdin.resume();
} catch (error) {
  process.stdout.write(`${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'}\n`);
}
