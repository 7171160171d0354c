import { forgetRestore } from '../commit/restore/interrupted.ts';
import { onDisk } from '../disk/disk-error.ts';
import { writeNewFiles } from '../disk/durable-write.ts';
import { makeOwnDirectory } from '../disk/own-files.ts';
import { ownPaths } from '../disk/own-paths.ts';
import { CertmendError, exitStatus } from '../error.ts';
import { datastoreOf } from '../layout/datastore.ts';
import type { Layout } from '../layout/layout.ts';
import { recoverySentence } from '../session/recovery.ts';
import type { Session } from '../session/session.ts';
import { telling } from '../session/telling.ts';
import { withSession } from '../session/with-session.ts';
import { afterCommit } from '../state/transitions.ts';
import type { Ports } from '../survey/ports.ts';
import type { OpenArchive } from './archive.ts';
import { planRestore, type RestoreConsent, type RestorePlan } from './restore-plan.ts';

const lockWaitMs = 5000;

export interface Restored {
  readonly plan: RestorePlan;
  readonly changed: readonly string[];
  readonly notes: readonly string[];
}

/** @throws CertmendError ServiceRunning (exit 77) */
export function refuseWhileItRuns(ports: Ports, unit: string, command: string): void {
  if (ports.serviceRunning(unit) !== true) return;
  throw new CertmendError(
    'ServiceRunning',
    `${unit} is running: files are not restored under it; nothing was changed`,
    {
      exit: exitStatus.refused,
      hint: `systemctl stop ${unit} && ${command}; systemctl start ${unit}`,
    },
  );
}

/**
 * Restores a backup, all of it or nothing, through the same commit as every other change. A restore that was cut off is
 * finished first.
 *
 * @param ports with the door of the command
 * @param named the file of the backup, for who has to finish it
 * @throws CertmendError BackupUnfit, ServiceRunning (77), ExternalChange (75), StorageFull and siblings (73)
 */
export async function restoreBackup(
  ports: Ports,
  archive: OpenArchive,
  { layout, named, consent }: { readonly layout: Layout; readonly named: string; readonly consent: RestoreConsent },
): Promise<Restored> {
  return telling(ports, () =>
    withSession(ports, { layout, lockWaitMs }, async (session) => {
      const { write } = session;
      const plan = planRestore(ports, archive, layout, consent);
      const recovered = recoverySentence(session.recovered);
      const before = recovered === undefined ? [] : [recovered];
      if (plan.changes.length === 0) {
        session.save();
        return { plan, changed: changedBy(session), notes: before };
      }
      await write.audit.ready();
      session.begin({ reason: 'OperatorRequest', byItself: false });
      try {
        keepCopies(session, archive, plan);
        const { changed, warnings } = session.commit({
          transaction: { ...session.transaction(0, undefined, 'nothing'), restores: named },
          changes: plan.changes,
          directoryModes: new Map(archive.manifest.directories.map(({ path, mode }) => [path, mode & 0o777])),
          after: (state) =>
            afterCommit(state, {
              at: session.survey.assessment.now,
              active: undefined,
              previous: undefined,
              counts: 'nothing',
            }),
        });
        session.tell({
          event: 'restored',
          priority: 'notice',
          reason: 'OperatorRequest',
          message: `an operator restored the backup of ${archive.manifest.node.nodeName} of ${archive.manifest.createdAt}: ${String(changed.length)} files`,
        });
        session.save();
        return { plan, changed, notes: [...before, ...warnings, ...forget(session)] };
      } catch (error) {
        session.abandon();
        throw error;
      }
    }),
  );
}

function changedBy({ recovered }: Session): readonly string[] {
  return recovered.kind === 'completed' ? recovered.changed : [];
}

/** Durable copies, from which the next run of the command goes on. */
function keepCopies({ ports, write: { writer } }: Session, archive: OpenArchive, { changes }: RestorePlan): void {
  if (ports.reader.stat(ownPaths.restore).state !== 'absent') forgetRestore(ports.reader, writer);
  makeOwnDirectory(ports.reader, writer, ownPaths.restore);
  writeNewFiles(
    writer,
    changes.flatMap(({ path, source }) => {
      const file = archive.files.get(path);
      return file === undefined || source === null
        ? []
        : [{ path: source, bytes: file.bytes, options: { mode: 0o600 } }];
    }),
  );
  onDisk('sync', ownPaths.restore, () => {
    writer.syncDirectory(ownPaths.restore);
  });
}

/** After the commit nothing fails it any more: the next run removes what stays. */
function forget({ ports, write: { writer } }: Session): readonly string[] {
  try {
    forgetRestore(ports.reader, writer);
    return [];
  } catch (error) {
    return [`${error instanceof Error ? error.message : String(error)}; the next run of certmend removes it`];
  }
}

/** What the product does with the restored files at its next start (products 3.3). */
export function afterwards({ reader }: Pick<Ports, 'reader'>, layout: Layout): readonly string[] {
  const { product, unit } = layout;
  const times = 'Restored files have the times that they had when they were backed up.';
  const start = `Check the node, then start the service: certmend check; systemctl start ${unit}`;
  switch (datastoreOf(layout, reader).kind) {
    case 'none':
      return [`${product} makes the certificates of an agent anew at its start, with the restored token.`, start];
    case 'unknown':
      return [
        `There is no datastore on this node: ${product} would start an empty cluster with these authorities. To bring back the old one, restore a snapshot of the datastore with ${product} first; it then takes the authorities that are in the snapshot.`,
        times,
        start,
      ];
    case 'etcd':
    case 'sqlite':
    case 'external':
    case 'etcd-elsewhere':
      return [
        `${times} At its start ${product} compares the bootstrap files with its datastore: what is equal stays; what differs and is older than in the datastore is replaced by what the datastore holds. Only a file that is newer than in the datastore stops it ("newer than datastore"): then the datastore is older than this backup, and removing that file lets ${product} restore it.`,
        start,
      ];
  }
}
