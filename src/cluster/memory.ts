import { jsonText } from '../disk/json-text.ts';
import { writeDurably } from '../disk/durable-write.ts';
import type { FileReader } from '../disk/file-reader.ts';
import type { FileWriter } from '../disk/file-writer.ts';
import { onDisk } from '../disk/disk-error.ts';
import { readOwnDocument } from '../disk/own-document.ts';
import { makeOwnDirectory } from '../disk/own-files.ts';
import { ownPaths } from '../disk/own-paths.ts';
import { count, instant, matching, nullable, object, oneOf, record, sha256, text, type Shape } from '../disk/shape.ts';
import type { WriteSide } from '../survey/ports.ts';

/**
 * `/var/lib/certmend/cluster/told.json`: what the cluster was told, so that it is told again only what has changed. Of no
 * importance when it is lost: then the next report compares everything. Times are RFC 3339 UTC. No key material.
 */
export interface ClusterMemory {
  readonly schema: 1;
  readonly level: 'node' | 'certificates';
  /** Under which the cluster knows the node. */
  readonly nodeName: string;
  /** SHA-256 of all that it is told. */
  readonly digest: string;
  /** When it was last compared with what the API server has. */
  readonly comparedAt: string;
  /** When a report last came to its end with nothing in its way. */
  readonly toldAt: string | null;
  readonly objects: number;
  /** Series of Events that are not over. */
  readonly series: Readonly<Record<string, OpenSeries>>;
  /** Fingerprints by entry, as they were told last: what differs was renewed. */
  readonly fingerprints: Readonly<Record<string, string>>;
  /** The last failed renewal that was told, by its time. */
  readonly failureTold: string | null;
  /** What is in the way since the last report that came to its end; null when nothing is. */
  readonly failed: Failure | null;
}

export interface OpenSeries {
  readonly severity: 'warning' | 'critical';
  readonly count: number;
  readonly lastAt: string;
}

export interface Failure {
  readonly code: 'ClusterUnreachable' | 'ClusterRefused' | 'AuthorityUnusable' | 'StorageFailed';
  readonly message: string;
  /** What to do about it. */
  readonly hint: string | null;
  readonly since: string;
  readonly lastAt: string;
  readonly attempts: number;
}

const name = matching(/^[^\0]{1,300}$/);

const series: Shape<OpenSeries> = object<OpenSeries>({
  severity: oneOf('warning', 'critical'),
  count,
  lastAt: instant,
});

const failure: Shape<Failure> = object<Failure>({
  code: oneOf('ClusterUnreachable', 'ClusterRefused', 'AuthorityUnusable', 'StorageFailed'),
  message: text(),
  hint: nullable(text()),
  since: instant,
  lastAt: instant,
  attempts: count,
});

const shape: Shape<ClusterMemory> = object<ClusterMemory>({
  schema: oneOf(1),
  level: oneOf('node', 'certificates'),
  nodeName: name,
  digest: sha256,
  comparedAt: instant,
  toldAt: nullable(instant),
  objects: count,
  series: record(series),
  fingerprints: record(sha256),
  failureTold: nullable(instant),
  failed: nullable(failure),
});

const path = `${ownPaths.cluster}/told.json`;

/** @returns undefined when nothing is remembered, or nothing that can be used */
export function loadMemory(reader: FileReader): ClusterMemory | undefined {
  return readOwnDocument(reader, path, shape, ownPaths.stateDirectory);
}

/** Why what is remembered cannot be read, as a clause; undefined when it can, or when there is nothing. */
export function memoryProblem(reader: FileReader): string | undefined {
  const file = reader.readOwn(path, ownPaths.stateDirectory);
  return file.state === 'unreadable' ? `${path} ${file.detail}` : undefined;
}

/** @throws CertmendError StorageFull and siblings */
export function saveMemory(reader: FileReader, write: WriteSide, memory: ClusterMemory): void {
  writeOwn(reader, write, 'told.json', Buffer.from(`${jsonText(memory, 2)}\n`));
}

/**
 * Writes a file of this directory, 0600 in 0700. What a killed writer left beside it goes: the daemon alone writes here.
 *
 * @throws CertmendError StorageFull and siblings
 */
export function writeOwn(reader: FileReader, { writer, randomHex }: WriteSide, file: string, bytes: Buffer): void {
  makeOwnDirectory(reader, writer, ownPaths.cluster);
  for (const stray of reader.list(ownPaths.cluster) ?? [])
    if (stray.startsWith('.')) remove(writer, `${ownPaths.cluster}/${stray}`);
  const temporaryName = `.${file}.certmend-${randomHex(8)}`;
  writeDurably(writer, `${ownPaths.cluster}/${file}`, bytes, { mode: 0o600, temporaryName });
}

/**
 * Forgets what was told, and the pair that was shown for it.
 *
 * @throws CertmendError StorageReadOnly and siblings
 */
export function forgetMemory(reader: FileReader, { writer }: WriteSide): void {
  const names = reader.list(ownPaths.cluster) ?? [];
  for (const name of names) remove(writer, `${ownPaths.cluster}/${name}`);
  onDisk('sync', ownPaths.cluster, () => {
    writer.syncDirectory(ownPaths.cluster);
  });
}

function remove(writer: FileWriter, stray: string): void {
  onDisk('remove', stray, () => {
    writer.unlink(stray);
  });
}
