import { writeDurably } from '../disk/durable-write.ts';
import { count, instant, nullable, object, readDocument, text } from '../disk/shape.ts';
import { makeOwnDirectory } from '../disk/own-files.ts';
import { ownPaths } from '../disk/own-paths.ts';
import type { FileReader } from '../disk/file-reader.ts';
import type { CertmendError } from '../error.ts';
import type { Ports } from '../survey/ports.ts';
import { rfc3339 } from '../time/rfc3339.ts';

/**
 * How the last backup went: a file of its own, since whoever makes a backup holds no lock while it writes. What is lost
 * with it is only known again after the next one.
 */
export interface LastBackup {
  /** Of the last one that was made; RFC 3339, UTC. */
  readonly succeededAt: string | null;
  readonly path: string | null;
  readonly sizeBytes: number | null;
  /** Of the last attempt. */
  readonly attemptedAt: string;
  /** Why that failed; null when it did not. */
  readonly problem: string | null;
}

const shape = object<LastBackup>({
  succeededAt: nullable(instant),
  path: nullable(text()),
  sizeBytes: nullable(count),
  attemptedAt: instant,
  problem: nullable(text()),
});

/** Undefined when none was ever made, or when the file says nothing that can be read. */
export function readLastBackup(reader: FileReader): LastBackup | undefined {
  const file = reader.readOwn(ownPaths.backup);
  if (file.state !== 'regular') return undefined;
  try {
    const read = readDocument(shape, JSON.parse(file.bytes.toString('utf8')) as unknown);
    return read.ok ? read.value : undefined;
  } catch {
    return undefined;
  }
}

/** @returns what did not go right, a sentence each: the backup itself is made */
export async function noteBackup(
  ports: Ports,
  {
    path,
    size,
    manifest,
  }: { readonly path: string; readonly size: number; readonly manifest: { readonly createdAt: string } },
): Promise<readonly string[]> {
  const { createdAt } = manifest;
  return note(ports, { succeededAt: createdAt, path, sizeBytes: size, attemptedAt: createdAt, problem: null });
}

export async function noteFailure(ports: Ports, { message }: CertmendError): Promise<void> {
  const before = readLastBackup(ports.reader);
  await note(ports, {
    succeededAt: before?.succeededAt ?? null,
    path: before?.path ?? null,
    sizeBytes: before?.sizeBytes ?? null,
    attemptedAt: rfc3339(ports.clock.now()),
    problem: message,
  });
}

async function note({ reader, writeSide }: Ports, last: LastBackup): Promise<readonly string[]> {
  const { writer, randomHex } = await writeSide();
  try {
    makeOwnDirectory(reader, writer);
    writeDurably(writer, ownPaths.backup, Buffer.from(`${JSON.stringify(last)}\n`), {
      mode: 0o600,
      temporaryName: `.backup.json.certmend-${randomHex(8)}`,
    });
    return [];
  } catch (error) {
    return [`status does not know of it: ${error instanceof Error ? error.message : String(error)}`];
  }
}
