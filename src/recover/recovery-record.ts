import { writeDurably } from '../disk/durable-write.ts';
import type { FileReader } from '../disk/file-reader.ts';
import { jsonText } from '../disk/json-text.ts';
import { readOwnDocument } from '../disk/own-document.ts';
import { instant, nodePath, object, oneOf, sha256 } from '../disk/shape.ts';
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
  return readOwnDocument(reader, `${directory}/${recordName}`, shape);
}
