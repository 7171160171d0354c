import type { FileState } from '../disk/file-reader.ts';

/** Result of parsing untrusted bytes. `problems` are clauses for a person, at least one. `missing` tells absence from damage. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly missing: boolean; readonly problems: readonly string[] };

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
