import type { FileState } from '../disk/file-reader.ts';
import type { Item, Inventory } from '../inventory/inventory.ts';
import type { Plan } from '../plan/plan.ts';
import type { Change, Expectation, PutChange } from '../commit/change.ts';
import type { Manifest, ManifestFile } from '../generation/generation.ts';
import { CertmendError, exitStatus } from '../error.ts';
import type { WriteMode } from '../layout/entry.ts';
import { fileMode } from '../layout/file-mode.ts';
import { writtenModes } from '../layout/written-files.ts';
import { storedPath } from '../generation/manifest.ts';

/** SHA-256 of no bytes: the listener's trigger is an empty file. */
const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** A generation's file and the node path of its durable copy. */
export interface StoredFile extends ManifestFile {
  readonly source: string;
}

export function storedFiles(manifest: Manifest): readonly StoredFile[] {
  return manifest.files.map((file) => ({ ...file, source: storedPath(manifest.number, file) }));
}

/**
 * The changes that answer a plan, in table order, key before certificate; removals and the listener's trigger last.
 * What each change expects to find is what the inventory saw when the decision was made (P10), whether the material is
 * a minute or a season old. Only files of the plan's own entries are touched, so a repair never moves a healthy pair.
 */
export function changeSet(input: {
  readonly plan: Plan;
  readonly inventory: Inventory;
  readonly files: readonly StoredFile[];
  /** Paths that were freed since the inventory was read: what lay there was moved into quarantine. */
  readonly moved?: ReadonlySet<string> | undefined;
  /** The service runs: only certificates change, each by the way its consumer sees it, and stay who they belong to. */
  readonly whileRunning?: boolean | undefined;
}): readonly Change[] {
  const { plan, inventory, files, moved } = input;
  const seen = new Map([...filesOf(inventory.items)].filter(([path]) => moved?.has(path) !== true));
  const wanted = new Set(
    plan.actions.flatMap((action) =>
      action.kind === 'install' || action.kind === 'write-kubeconfig' ? [action.id] : [],
    ),
  );
  const rows = new Map(inventory.items.flatMap(({ entry }) => writtenModes(entry)));
  const ways = new Map(inventory.items.map(({ entry }) => [entry.id, entry.writeMode]));
  const puts = files
    .filter((file) => wanted.has(file.id))
    .flatMap((file): readonly PutChange[] => {
      const live = seen.get(file.path);
      const isMounted = inventory.mounted?.has(file.path) === true;
      if (input.whileRunning === true)
        return putWhileRunning(file, live, isMounted ? 'in-place' : (ways.get(file.id) ?? 'rename'));
      if (isMounted && live?.state === 'regular') return [putOver(file, live)];
      // A set that was live once is recorded as it was, modes that were too wide with it.
      const row = rows.get(file.path);
      return [put(row === undefined ? file : { ...file, mode: fileMode(row, file.mode) }, live)];
    });
  const removals = plan.actions.flatMap((action): Change[] =>
    action.kind === 'quarantine' && action.remove
      ? [
          {
            op: 'remove',
            path: action.path,
            id: action.id,
            ...(action.bootstrap === true ? { bootstrap: true } : {}),
            expects: expectationOf(seen.get(action.path)),
          },
        ]
      : [],
  );
  const triggers = plan.actions.flatMap((action): Change[] =>
    action.kind === 'regenerate-listener' && !inventory.pendingTriggers.includes(action.trigger)
      ? [trigger(action.id, action.trigger, listenerOwner(inventory))]
      : [],
  );
  return [...puts, ...removals, ...triggers];
}

function put(file: StoredFile, live: FileState | undefined): PutChange {
  const { path, id, source, sha256, mode, uid, gid } = file;
  return { op: 'put', path, id, source, sha256, mode, uid, gid, expects: expectationOf(live) };
}

/** Over what is mounted on the path nothing can be renamed: the file there gets the new bytes, and stays whose it is. */
function putOver(file: StoredFile, live: Extract<FileState, { state: 'regular' }>): PutChange {
  const { mode, uid, gid } = live;
  return { ...put(file, live), mode, uid, gid, how: 'in-place' };
}

/**
 * Consumers read a key and its certificate without a lock: there is no safe order for two files that change (P12).
 * @throws CertmendError ServiceRunning (exit 77) for a key that would change
 */
function putWhileRunning(file: StoredFile, live: FileState | undefined, way: WriteMode): readonly PutChange[] {
  const isSame = live?.state === 'regular' && live.sha256 === file.sha256;
  if (isSame || file.role === 'kubeconfig') return [];
  if (file.role !== 'certificate' || live?.state !== 'regular') {
    throw new CertmendError(
      'ServiceRunning',
      `${file.path} would change, but the running service reads it together with other files; nothing was changed`,
      { exit: exitStatus.refused, hint: 'stop the service and run: certmend rotate --yes' },
    );
  }
  if (way === 'in-place') return [putOver(file, live)];
  const { mode, uid, gid } = live;
  return [{ ...put(file, live), mode, uid, gid }];
}

function trigger(id: string, path: string, owner: { readonly uid: number; readonly gid: number }): PutChange {
  return {
    op: 'put',
    path,
    id,
    source: null,
    sha256: emptySha256,
    mode: 0o600,
    ...owner,
    expects: { state: 'absent' },
  };
}

/** The trigger belongs to whoever owns the product's files: root on a node, the person who runs it in a copy. */
function listenerOwner(inventory: Inventory): { readonly uid: number; readonly gid: number } {
  for (const item of inventory.items) {
    if (item.kind === 'authority' && item.certificateFile.state === 'regular')
      return { uid: item.certificateFile.uid, gid: item.certificateFile.gid };
  }
  return { uid: 0, gid: 0 };
}

function expectationOf(file: FileState | undefined): Expectation {
  switch (file?.state) {
    case undefined:
    case 'absent':
      return { state: 'absent' };
    case 'regular':
      return { state: 'file', sha256: file.sha256 };
    case 'unreadable':
      return { state: 'other', detail: file.detail };
  }
}

/** Every file the inventory read, by path. */
export function filesOf(items: readonly Item[]): ReadonlyMap<string, FileState> {
  const files = new Map<string, FileState>();
  for (const item of items) {
    switch (item.kind) {
      case 'leaf':
        files.set(item.entry.keyPath, item.keyFile);
        files.set(item.entry.certificatePath, item.certificateFile);
        break;
      case 'authority':
        files.set(item.entry.certificatePath, item.certificateFile);
        if (item.entry.keyPath !== undefined && item.keyFile !== undefined) files.set(item.entry.keyPath, item.keyFile);
        break;
      case 'listener':
      case 'kubeconfig':
      case 'key':
      case 'document':
        files.set(item.entry.path, item.file);
        break;
    }
  }
  return files;
}
