/** A configuration is a page; what is larger is some other file. Also bounds the time that parsing may take. */
export const maxConfigBytes = 16 * 1024;

/** One thing that is wrong with the configuration, and where. */
export interface ConfigProblem {
  readonly code: 'unreadable' | 'yaml' | 'unknown-key' | 'invalid-value' | 'conflict';
  /** Node path of the file. */
  readonly file: string;
  /** Counted from 1; undefined when the problem is with the file as a whole. */
  readonly position: Position | undefined;
  /** A clause for a person. */
  readonly message: string;
}

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** `FILE:LINE:COLUMN: MESSAGE`, the form that editors jump to. */
export function problemText({ file, position, message }: ConfigProblem): string {
  const place = position === undefined ? file : `${file}:${String(position.line)}:${String(position.column)}`;
  return `${place}: ${message}`;
}
