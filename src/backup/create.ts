import { createHash } from 'node:crypto';
import { journalPending } from '../commit/journal.ts';
import { onDisk } from '../disk/disk-error.ts';
import { shellWord } from '../disk/shell-word.ts';
import { CertmendError, exitStatus } from '../error.ts';
import type { Layout } from '../layout/layout.ts';
import type { SaidReason } from '../reason.ts';
import type { Ports } from '../survey/ports.ts';
import { findLayout } from '../survey/survey.ts';
import { encryptFor } from './age.ts';
import { manifestOf, packed } from './archive.ts';
import { archiveName, expendable, parseArchiveName } from './archive-name.ts';
import { type Contents, readContents } from './contents.ts';
import type { BackupManifest } from './manifest.ts';
import { archivesIn, requirePlace } from './place.ts';
import type { ArchivePlace } from './ports.ts';
import { proveTree } from './prove.ts';

export interface CreatedBackup {
  readonly manifest: BackupManifest;
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  /** How many are in it. */
  readonly files: number;
  /** Keys that do not fit their certificates and the like: the backup is a true copy of a node that is not well. */
  readonly faults: readonly SaidReason[];
  /** What is not in it; sentences. */
  readonly left: readonly string[];
  /** Older ones that were removed. */
  readonly removed: readonly string[];
  readonly notes: readonly string[];
}

const lockWaitMs = 5000;

/**
 * Makes a backup: reads the node under the lock, lets go of it, and only then writes, for a disk that hangs must not keep
 * the boot hook from the lock.
 *
 * @throws CertmendError BackupUnfit (77) for a place that will not do, LockHeld (75), StorageFull and siblings (73): then
 * nothing of it is left in the directory
 */
export async function createBackup(
  ports: Ports,
  place: ArchivePlace,
  { recipients }: { readonly recipients: readonly string[] },
): Promise<CreatedBackup> {
  const layout = findLayout(ports);
  if (layout.nodeName === '') {
    throw new CertmendError('BackupUnfit', 'the name of this node is not known from its files; no backup was made', {
      exit: exitStatus.refused,
      hint: 'backups are named after their node: see certmend -v check',
    });
  }
  requirePlace(place);
  const contents = await readLocked(ports, layout);
  const now = ports.clock.now();
  const manifest = manifestOf(layout, ports.host.machineId, contents, now);
  const { faults } = await proveTree(ports, manifest, contents.files);
  const written = await write(place, manifest, contents, recipients, now);
  const { removed, notes } = tidyPlace(place, written.name, ports);
  const { path, size, sha256 } = written;
  return { manifest, path, size, sha256, files: contents.files.size, faults, left: contents.left, removed, notes };
}

async function readLocked(ports: Ports, layout: Layout): Promise<Contents> {
  const { lock } = await ports.writeSide();
  const held = lock(lockWaitMs);
  try {
    if (journalPending(ports.reader)) {
      throw new CertmendError(
        'BackupUnfit',
        'a commit was interrupted, so the files are of two sets; no backup was made',
        {
          exit: exitStatus.tryAgain,
          hint: `finish it first: certmend prestart --unit ${shellWord(layout.unit)}`,
        },
      );
    }
    return readContents(layout, ports.reader);
  } finally {
    held.release();
  }
}

interface Written {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** Whole and durable under its name, or not at all; read back before it gets that name. */
async function write(
  { directory, reader, writer, archives }: ArchivePlace,
  manifest: BackupManifest,
  contents: Contents,
  recipients: readonly string[],
  now: number,
): Promise<Written> {
  const name = archiveName(manifest.node.nodeName, now);
  const path = `${directory}/${name}`;
  if (reader.stat(path).state !== 'absent') {
    throw new CertmendError('BackupUnfit', `${path} is there already: it was made in this very second`, {
      exit: exitStatus.tryAgain,
      hint: 'run the command again',
    });
  }
  const temporary = `${directory}/${partOf(name)}`;
  const digest = createHash('sha256');
  let size = 0;
  const descriptor = onDisk('write', temporary, () => writer.create(temporary, 0o600));
  let isOpen = true;
  try {
    for await (const piece of encryptFor(recipients, packed(manifest, contents))) {
      onDisk('write', temporary, () => {
        writer.write(descriptor, piece);
      });
      digest.update(piece);
      size += piece.length;
    }
    onDisk('write', temporary, () => {
      writer.sync(descriptor);
      isOpen = false;
      writer.close(descriptor);
    });
    const sha256 = digest.digest('hex');
    const readBack = createHash('sha256');
    for (const piece of archives.pieces(temporary, size + 1)) readBack.update(piece);
    if (readBack.digest('hex') !== sha256) {
      throw new CertmendError(
        'StorageFailed',
        `${directory} gives back other bytes than were written; no backup was made`,
        {
          hint: `check that disk (dmesg, smartctl), or take another one for backups`,
        },
      );
    }
    onDisk('write', path, () => {
      writer.rename(temporary, path);
    });
    onDisk('sync', directory, () => {
      writer.syncDirectory(directory);
    });
    return { name, path, size, sha256 };
  } catch (error) {
    for (const undo of [
      () => {
        if (isOpen) writer.close(descriptor);
      },
      () => {
        writer.unlink(temporary);
      },
    ]) {
      try {
        undo();
      } catch {
        // The first error is the one to tell; a later run removes what stays.
      }
    }
    throw error;
  }
}

function partOf(name: string): string {
  return `.${name}.part`;
}

const hourMs = 3_600_000;

/** Removes what retention no longer asks for, and what a run that was killed left. Never fails the backup that was made. */
function tidyPlace(
  place: ArchivePlace,
  name: string,
  { config }: Ports,
): { readonly removed: readonly string[]; readonly notes: readonly string[] } {
  const { directory, reader, writer } = place;
  const removed: string[] = [];
  const notes: string[] = [];
  const newest = parseArchiveName(name);
  if (newest === undefined) return { removed, notes };
  // One that is being made beside this one is younger.
  const abandoned = (reader.list(directory) ?? []).filter((one) => {
    const made = /^\.(.+)\.part$/.exec(one)?.[1];
    const part = made === undefined ? undefined : parseArchiveName(made);
    return part?.nodeName === newest.nodeName && part.at < newest.at - hourMs;
  });
  try {
    const whole = archivesIn(place).filter(({ header }) => header !== undefined);
    const old = expendable(whole, newest, { keep: config.backup.keep, maxAgeDays: config.backup.maxAgeDays });
    for (const one of [...abandoned, ...old.map((archive) => archive.name)]) {
      onDisk('remove', `${directory}/${one}`, () => {
        writer.unlink(`${directory}/${one}`);
      });
      removed.push(`${directory}/${one}`);
    }
    if (removed.length > 0) writer.syncDirectory(directory);
  } catch (error) {
    notes.push(`older backups were not removed: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { removed, notes };
}
