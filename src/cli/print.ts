import { renderDocument } from '../terminal/render.ts';
import type { Arguments } from './command.ts';
import type { Io } from './io.ts';
import { paperFor, type Paper } from '../terminal/paper.ts';

/** Prints a result the way it was asked for: the document itself, or its text for a person. */
export function print({ output }: Pick<Arguments, 'output'>, io: Io, document: unknown, text: () => string): void {
  io.stdout.write(output === 'table' ? text() : renderDocument(document, output));
}

export function paperOf({ stdout, env }: Io): Paper {
  return paperFor(stdout, env);
}
