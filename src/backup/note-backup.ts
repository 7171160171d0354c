import { writeDurably } from '../disk/durable-write.ts';
import { makeOwnDirectory } from '../disk/own-files.ts';
import { ownPaths } from '../disk/own-paths.ts';
import { type LastBackup, readLastBackup } from '../state/last-backup.ts';
import type { Ports } from '../survey/ports.ts';
import { rfc3339 } from '../time/rfc3339.ts';

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

export async function noteFailure(ports: Ports, { message }: { readonly message: string }): Promise<void> {
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
