import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/*
 * Loaded into the built program with --import: of the files that CERTMEND_LANDS names, [[path, before, instead], …] in
 * JSON, others bytes land than those that were verified. Whatever is written over such a path, or renamed onto it, becomes
 * what is in `instead`, but for what is in `before`: that comes back as it is. The program reads back what has landed.
 */

type Any = (...words: unknown[]) => unknown;

const lands = new Map(
  (JSON.parse(process.env['CERTMEND_LANDS'] ?? '[]') as readonly (readonly [string, string, string])[]).map(
    ([path, before, instead]) => [path, { before: fs.readFileSync(before), instead: fs.readFileSync(instead) }],
  ),
);
const kernel = { ...fs };
const opened = new Map<number, string>();

function landing(path: string | undefined, bytes: Uint8Array): Buffer | undefined {
  const wrong = path === undefined ? undefined : lands.get(path);
  if (wrong === undefined || wrong.before.equals(bytes)) return undefined;
  // As long as what was to be written: it is cut off there.
  return Buffer.concat([wrong.instead, Buffer.alloc(Math.max(0, bytes.length - wrong.instead.length), '\n')]);
}

install('openSync', (...words) => {
  const descriptor = (kernel.openSync as Any)(...words) as number;
  opened.set(descriptor, String(words[0]));
  return descriptor;
});
install('writeSync', (...words) => {
  const [descriptor, bytes, ...others] = words as [number, Uint8Array, ...unknown[]];
  return (kernel.writeSync as Any)(descriptor, landing(opened.get(descriptor), bytes) ?? bytes, ...others);
});
install('renameSync', (...words) => {
  const [from, to] = words as [string, string];
  const other = lands.has(to) ? landing(to, kernel.readFileSync(from)) : undefined;
  if (other !== undefined) kernel.writeFileSync(from, other);
  kernel.renameSync(from, to);
});
syncBuiltinESMExports();

function install(name: string, replacement: Any): void {
  (fs as unknown as Record<string, Any>)[name] = replacement;
}
