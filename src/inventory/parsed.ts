import type { FileState } from '../disk/file-reader.ts';
import type { Parsed } from './inventory.ts';

export function parsed<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

/** @param problems clauses that follow the name of the file: `is empty`, `certificate 2 has …` */
export function damaged(...problems: readonly string[]): Parsed<never> {
  return { ok: false, missing: false, problems };
}

export const missing: Parsed<never> = { ok: false, missing: true, problems: ['is missing'] };

/** Hands the bytes of a readable file to the parser; says why there are none otherwise. Absence is told from damage. */
export function parseFile<T>(file: FileState, parse: (bytes: Buffer) => Parsed<T>): Parsed<T> {
  switch (file.state) {
    case 'absent':
      return missing;
    case 'unreadable':
      return damaged(file.detail);
    case 'regular':
      return parse(file.bytes);
  }
}
