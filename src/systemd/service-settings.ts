import type { FileReader } from '../disk/file-reader.ts';
import { type LogicalLine, logicalLines } from './words.ts';

/** One `Key=value` of a [Service] section. */
export interface ServiceSetting {
  readonly key: string;
  readonly line: LogicalLine;
  /** Offset behind the equals sign. */
  readonly from: number;
}

/** The [Service] section of a unit file or a drop-in, in its order. A file that cannot be read has none. */
export function* readServiceSettings(path: string, reader: FileReader): Generator<ServiceSetting> {
  const file = reader.read(path);
  if (file.state !== 'regular') return;
  let section = '';
  for (const line of logicalLines(file.bytes.toString('utf8'))) {
    const header = /^\s*\[([^\]]*)\]\s*$/.exec(line.text);
    if (header !== null) section = header[1] ?? '';
    const setting = /^\s*([A-Za-z]+)\s*=/.exec(line.text);
    if (section === 'Service' && setting !== null) yield { key: setting[1] ?? '', line, from: setting[0].length };
  }
}
