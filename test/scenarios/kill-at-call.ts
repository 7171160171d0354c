import fs, { appendFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/*
 * Loaded into the built program with --import: counts the calls that change something below CERTMEND_KILL_ROOT, writes
 * each into CERTMEND_KILL_LOG before it is made, and ends the process with SIGKILL before the CERTMEND_KILL_AT-th one.
 * Not strace: the runtime's own calls do not count, so that the same number is the same call in every run.
 */

type Any = (...words: unknown[]) => unknown;

const root = process.env['CERTMEND_KILL_ROOT'] ?? '';
const log = process.env['CERTMEND_KILL_LOG'] ?? '/dev/null';
const last = Number(process.env['CERTMEND_KILL_AT'] ?? Number.POSITIVE_INFINITY);
const byPath = ['linkSync', 'mkdirSync', 'mkdtempSync', 'openSync', 'renameSync', 'rmSync', 'rmdirSync', 'unlinkSync'];
const byDescriptor = [
  'closeSync',
  'fchmodSync',
  'fchownSync',
  'fsyncSync',
  'ftruncateSync',
  'futimesSync',
  'writeSync',
];

const kernel = { ...fs } as unknown as Readonly<Record<string, Any>>;
const opened = new Map<unknown, string>();
let count = 0;

function before(name: string, path: string): void {
  if (!path.startsWith(`${root}/`)) return;
  count += 1;
  appendFileSync(log, `${name} ${path.slice(root.length)}\n`);
  if (count === last) process.kill(process.pid, 'SIGKILL');
}

const writes = fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_TRUNC;

for (const name of byPath) {
  install(name, (...words) => {
    const path = String(words[0]);
    if (name !== 'openSync' || (Number(words[1]) & writes) !== 0) before(name, path);
    const result = kernel[name]?.(...words);
    if (name === 'openSync') opened.set(result, path);
    return result;
  });
}
for (const name of byDescriptor) {
  install(name, (...words) => {
    before(name, opened.get(words[0]) ?? '');
    if (name === 'closeSync') opened.delete(words[0]);
    return kernel[name]?.(...words);
  });
}
syncBuiltinESMExports();

function install(name: string, replacement: Any): void {
  (fs as unknown as Record<string, Any>)[name] = replacement;
}
