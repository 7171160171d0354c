import type { Door } from '../commit/door.ts';
import { CertmendError, exitStatus } from '../error.ts';
import { datastoreOf } from '../layout/datastore.ts';
import type { Layout } from '../layout/layout.ts';
import type { Ports, WriteSide } from '../survey/ports.ts';
import { findLayout, refuseWeakened, survey } from '../survey/survey.ts';
import { forgetKept, keptRecovery, places, undoRecovery, type Kept } from './undo.ts';
import { openEtcd } from './open-etcd.ts';
import { openSqliteStore, type OpenSqlite } from './open-sqlite.ts';
import { passwordsOf } from './passwords.ts';
import { putInPlace } from './put-in-place.ts';
import { refused } from './refusal.ts';
import { stateFor, type StatementOutcome } from './write-statement.ts';
import { contextOf, type RenewedSet } from './renewed-set.ts';
import type { Store, Write } from './store.ts';
import { isRenewalOf, openValue, renewValue, type OpenedValue, type RenewedValue } from './stored-value.ts';
import { clearWorkplace, makeWorkplace, originalName, type DiskPorts } from './work-files.ts';
import type { LargeFiles } from '../disk/large-file.ts';

/** What a recovery needs of the machine beside what every command has. */
export interface RecoveryTools {
  readonly files: LargeFiles;
  readonly openSqlite: OpenSqlite;
}

/** What a recovery would do, or did. */
export interface Recovery {
  readonly layout: Layout;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly datastore: 'etcd' | 'sqlite';
  readonly key: string;
  readonly renewed: RenewedSet;
  readonly writes: readonly Write[];
  /** Node path of the datastore as it was. */
  readonly original: string;
}

export type RecoveryOutcome =
  | {
      readonly decision: 'nothing-to-do';
      readonly layout: Layout;
      readonly at: number;
      readonly kept: Kept | undefined;
    }
  | { readonly decision: 'would-recover'; readonly recovery: Recovery }
  | { readonly decision: 'recovered'; readonly recovery: Recovery; readonly warning: string | undefined }
  | StatementOutcome;

export interface RecoveryRequest {
  readonly door: Door;
  /** Everything but the last step, on a copy that is removed again. */
  readonly isDryRun: boolean;
  /** A person agrees, or this throws. */
  readonly agree: (recovery: Recovery) => Promise<void>;
}

/**
 * New dates for authorities that have ended, in the place where the product keeps its truth: its datastore. Nothing below
 * `server/tls` is touched; the product writes those files itself when it starts (products 3.3).
 *
 * @throws CertmendError RecoveryRefused (exit 77) for all that is not certain, ServiceRunning, LockHeld, StorageFull and siblings
 */
export async function recoverAuthorities(
  ports: Ports,
  tools: RecoveryTools,
  request: RecoveryRequest,
): Promise<RecoveryOutcome> {
  const layout = findLayout(ports);
  requireStopped(ports, layout);
  const { clock, now } = await survey(ports, layout);
  if (!clock.believed) {
    throw refused(
      `the clock is not believed: ${clock.evidence[0] ?? ''}`,
      'look at it (date -u); if it is right, run the command again with --believe-clock',
    );
  }
  return await withLock(ports, tools, async (disk, write) => {
    const external = datastoreOf(layout, ports.reader).kind === 'external';
    if (external) return stateFor(ports, disk, write, { layout, now, isDryRun: request.isDryRun });
    const kept = keptRecovery(disk, layout.dataDir);
    if (kept?.live === 'original') forgetKept(disk, kept.place);
    const store = openStore(disk, tools, layout);
    try {
      const opened = openValue(store.found, passwordsOf(layout, ports.reader));
      const context = contextOf(ports, layout.dataDir, now);
      const renewed = renewValue(opened, context, store.isLengthFixed ? opened.documentLength : undefined);
      if (renewed === undefined) return { decision: 'nothing-to-do', layout, at: now, kept };
      if (kept?.live === 'changed' || kept?.live === 'recovered') {
        throw refused(
          `an earlier recovery's original is still kept in ${kept.place.directory}`,
          `it is not needed any more once the cluster works: rm -r '${kept.place.directory}', then run the command again`,
        );
      }
      const recovery = recoveryOf({ layout, now, store, opened, renewed });
      if (!request.isDryRun) await request.agree(recovery);
      return await carryOut({ disk, write, store, opened, renewed, recovery, request });
    } finally {
      store.close();
      clearWorkplace(disk, store.place);
    }
  });
}

async function carryOut(input: {
  readonly disk: DiskPorts;
  readonly write: WriteSide;
  readonly store: Store;
  readonly opened: OpenedValue;
  readonly renewed: RenewedValue;
  readonly recovery: Recovery;
  readonly request: RecoveryRequest;
}): Promise<RecoveryOutcome> {
  const { disk, write, store, opened, renewed, recovery, request } = input;
  const { layout, at } = recovery;
  const { audit } = write;
  await audit.ready();
  clearWorkplace(disk, store.place);
  makeWorkplace(disk, store.place);
  const copy = store.makeCopy(opened.key, renewed, !request.isDryRun);
  if (copy.value === undefined || !isRenewalOf(copy.value, opened, renewed.renewed))
    throw refused(`the copy of ${store.place.database} does not hold what was written into it`);
  if (request.isDryRun) return { decision: 'would-recover', recovery };
  audit.record({
    event: 'recovery-prepared',
    priority: 'notice',
    reason: 'AuthorityExpired',
    path: store.place.database,
    message: `a copy of the datastore with renewed authorities was made and read back (${store.kind}, ${opened.key})`,
    changes: changesOf(recovery),
  });
  const warning = putInPlace(disk, { store, copy, layout, door: request.door, relabel: write.relabel, now: at });
  audit.record({
    event: 'authorities-recovered',
    priority: 'notice',
    reason: 'AuthorityExpired',
    path: store.place.database,
    message: `${recovery.renewed.authorities.map(({ id }) => id).join(', ')}: renewed in the datastore with the same keys; the original is kept as ${recovery.original}`,
    changes: changesOf(recovery),
    hint: `start the product: systemctl start ${layout.unit}`,
    isOnConsole: true,
  });
  return { decision: 'recovered', recovery, warning };
}

function changesOf({ renewed }: Recovery) {
  return renewed.authorities.flatMap(({ id, path, renewed: all }) =>
    all.map(({ before, after }) => ({
      entry: id,
      path,
      fingerprintOld: before.fingerprint256,
      fingerprintNew: after.fingerprint256,
    })),
  );
}

function recoveryOf(input: {
  readonly layout: Layout;
  readonly now: number;
  readonly store: Store;
  readonly opened: OpenedValue;
  readonly renewed: RenewedValue;
}): Recovery {
  const { layout, now, store, opened, renewed } = input;
  return {
    layout,
    at: now,
    datastore: store.kind,
    key: opened.key,
    renewed: renewed.renewed,
    writes: store.writes(opened.key, renewed.value),
    original: `${store.place.directory}/${originalName}`,
  };
}

/** @throws CertmendError RecoveryRefused when there is nothing that can be undone, or not any more */
export async function undo(ports: Ports, tools: RecoveryTools, door: Door, agree: () => Promise<void>): Promise<Kept> {
  const layout = findLayout(ports);
  requireStopped(ports, layout);
  return await withLock(ports, tools, async (disk, write) => {
    const kept = keptRecovery(disk, layout.dataDir);
    // What a run leaves that was ended at the wrong moment.
    for (const place of places(layout.dataDir)) clearWorkplace(disk, place);
    if (kept === undefined) {
      throw refused(
        'there is no recovery on this node that could be undone',
        'certmend ca status shows the authorities',
      );
    }
    await agree();
    undoRecovery(disk, kept, layout, door);
    write.relabel([kept.place.database]);
    write.audit.record({
      event: 'recovery-undone',
      priority: 'notice',
      reason: 'OperatorRequest',
      path: kept.place.database,
      message: `the datastore is again the file that it was before the recovery of ${kept.record.at}`,
      isOnConsole: true,
    });
    return kept;
  });
}

const lockWaitMs = 5000;

async function withLock<T>(
  ports: Ports,
  { files }: RecoveryTools,
  work: (disk: DiskPorts, write: WriteSide) => Promise<T>,
): Promise<T> {
  const write = await ports.writeSide();
  const lock = write.lock(lockWaitMs);
  try {
    return await work({ reader: ports.reader, writer: write.writer, storage: write.storage, files }, write);
  } finally {
    await write.audit.flush();
    lock.release();
  }
}

function requireStopped(ports: Ports, layout: Layout): void {
  refuseWeakened(layout);
  if (layout.role === 'agent') throw refused('agents have no datastore', 'run the command on a server of the cluster');
  if (ports.serviceRunning(layout.unit) !== true) return;
  throw new CertmendError('ServiceRunning', `${layout.unit} is running; nothing was changed`, {
    exit: exitStatus.refused,
    hint: `stop ${layout.unit} and end what it leaves running (its killall script), then run the command again`,
  });
}

function openStore(disk: DiskPorts, { openSqlite }: RecoveryTools, layout: Layout): Store {
  const { dataDir } = layout;
  const { kind, evidence } = datastoreOf(layout, disk.reader);
  switch (kind) {
    case 'etcd':
      return openEtcd(disk, dataDir);
    case 'sqlite':
      if (disk.reader.stat(`${dataDir}/server/db/state.db`).state === 'present')
        return openSqliteStore(disk, openSqlite, dataDir);
      throw refused(`the SQLite file of the product (${evidence ?? ''}) is not ${dataDir}/server/db/state.db`);
    case 'external':
      throw refused('the datastore is a database of yours', 'run the command on a server of the cluster');
    case 'etcd-elsewhere':
      throw refused(
        'the datastore is on other servers of the cluster',
        'run the command on a server that has an etcd member',
      );
    case 'none':
    case 'unknown':
      throw refused(
        'no datastore was found on this node',
        'run the command on a server of the cluster; certmend ca status shows what was found',
      );
  }
}
