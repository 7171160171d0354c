import fs from 'node:fs';
import tty from 'node:tty';
import { syncBuiltinESMExports } from 'node:module';

// Loaded before the program (node --import): its output goes through the demo, which leaves out rows of long tables, and
// should still look as it does on a terminal. Colour is NO_COLOR's business. What the program asks is of which kind its two
// descriptors are (src/system/standard-output.ts), then how wide they are.
const { fstatSync } = fs;
const isOutput = (descriptor: number): boolean => descriptor === 1 || descriptor === 2;

fs.fstatSync = ((descriptor: number, ...rest: []) => {
  const stats = fstatSync(descriptor, ...rest);
  if (!isOutput(descriptor)) return stats;
  return Object.assign(stats, { isCharacterDevice: () => true, rdev: 0x8800 });
}) as typeof fstatSync;
const { isatty } = tty;
tty.isatty = (descriptor) => isOutput(descriptor) || isatty(descriptor);
syncBuiltinESMExports();

for (const stream of [process.stdout, process.stderr]) {
  Object.defineProperty(stream, 'isTTY', { value: true });
  Object.defineProperty(stream, 'columns', { value: Number(process.env['COLUMNS'] ?? '80') });
}
