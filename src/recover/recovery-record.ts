import { writeDurably } from '../disk/durable-write.ts';
import type { FileReader } from '../disk/file-reader.ts';
import { jsonText } from '../disk/json-text.ts';
import { instant, nodePath, object, oneOf, readDocument, sha256 } from '../disk/shape.ts';
import { recordName, type DiskPorts, type Workplace } from './work-files.ts';

/** What `--undo` has to know; beside the original. No key material. */
export interface RecoveryRecord {
  readonly schema: 1;
  readonly at: string;
  readonly datastore: 'etcd' | 'sqlite';
  readonly database: string;
  readonly originalSha256: string;
  readonly newSha256: string;
}

const shape = object<RecoveryRecord>({
  schema: oneOf(1),
  at: instant,
  datastore: oneOf('etcd', 'sqlite'),
  database: nodePath,
  originalSha256: sha256,
  newSha256: sha256,
});

export function writeRecord({ writer }: DiskPorts, { directory }: Workplace, record: RecoveryRecord): void {
  writeDurably(writer, `${directory}/${recordName}`, Buffer.from(`${jsonText(record, 2)}\n`), {
    mode: 0o600,
    temporaryName: `new-${recordName}`,
  });
}

/** @returns undefined when there is none that can be read and is ours: what it says is acted on */
export function readRecord(reader: FileReader, { directory }: Workplace): RecoveryRecord | undefined {
  const file = reader.readOwn(`${directory}/${recordName}`);
  if (file.state !== 'regular') return undefined;
  try {
    const read = readDocument(shape, JSON.parse(file.bytes.toString('utf8')) as unknown);
    return read.ok ? read.value : undefined;
  } catch {
    return undefined;
  }
}
