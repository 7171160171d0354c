import { printable } from '../../terminal/paper.ts';
import { apiVersion, type DocumentHeader } from '../document.ts';
import type { StatusReport } from '../status.ts';

/** What `report` did. */
export interface PageWritten extends DocumentHeader<'PageWritten'> {
  readonly at: string;
  readonly root: string;
  /** On this host, whatever the root. */
  readonly file: string;
  readonly bytes: number;
  /** The line of `systemctl status`, with which the page begins. */
  readonly line: string;
}

export function pageWritten(input: {
  readonly status: Pick<StatusReport, 'at' | 'root' | 'line'>;
  readonly file: string;
  readonly bytes: number;
}): PageWritten {
  const { status, file, bytes } = input;
  return { apiVersion, kind: 'PageWritten', at: status.at, root: status.root, file, bytes, line: status.line };
}

export function pageWrittenText({ file, bytes, line }: PageWritten): string {
  return `${printable(file)} was written: ${String(Math.ceil(bytes / 1024))} KiB, without keys and tokens\n  ${printable(line)}\n`;
}
