import type { CertmendError } from '../error.ts';
import { printable } from '../terminal/paper.ts';
import type { Io } from './io.ts';

/** What went wrong and what to do about it. A message may hold what somebody typed, or a name out of a file. */
export function sayFailure({ message, hint }: CertmendError, io: Io): void {
  io.stderr.write(`certmend: ${lines(message)}\n`);
  if (hint !== undefined) io.stderr.write(`  what to do: ${lines(hint)}\n`);
}

function lines(text: string): string {
  return text.split('\n').map(indented).join('\n');
}

function indented(line: string): string {
  const [indent = ''] = /^ */.exec(line) ?? [];
  return indent + printable(line.slice(indent.length));
}
