import { renderDocument } from '../terminal/render.ts';
import type { Arguments } from './command.ts';
import type { Io } from './io.ts';

/** Prints a result the way it was asked for: the document itself, or its text for a person. */
export function print(args: Arguments, io: Io, document: unknown, text: () => string): void {
  io.stdout.write(args.output === 'table' ? text() : renderDocument(document, args.output));
}
