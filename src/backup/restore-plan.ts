import { type FileState, requireReadable } from '../disk/file-reader.ts';
import { ownPaths } from '../disk/own-paths.ts';
import { shellWord } from '../disk/shell-word.ts';
import { CertmendError, exitStatus } from '../error.ts';
import { type Expectation, isWanted, type PutChange, readLive } from '../commit/change.ts';
import { widestMode } from '../commit/journal-format.ts';
import { parseCertificates } from '../x509/certificate.ts';
import { backedUpFiles, isRestorable } from '../layout/backed-up-paths.ts';
import type { Layout } from '../layout/layout.ts';
import { resolveLayout } from '../layout/resolve-layout.ts';
import { rfc3339 } from '../time/rfc3339.ts';
import type { Ports } from '../survey/ports.ts';
import type { OpenArchive } from './archive.ts';
import type { RegularFile } from './contents.ts';

export interface RestorePlan {
  /** In the order in which they go live, key before certificate; what is as in the backup already included. */
  readonly files: readonly PlannedFile[];
  readonly changes: readonly PutChange[];
  /** Of the backup, and left out by design; sentences. */
  readonly notes: readonly string[];
}

export interface PlannedFile {
  readonly path: string;
  readonly change: 'create' | 'replace' | 'same';
}

/** What a person may have said. */
export interface RestoreConsent {
  readonly otherNode: boolean;
  readonly olderAuthority: boolean;
}

/**
 * Compares a backup with the node that it is to be restored to.
 *
 * @param layout of the backup
 * @throws CertmendError BackupUnfit (77) for what only a person may decide, or nobody
 */
export function planRestore(
  ports: Ports,
  { manifest, files }: OpenArchive,
  layout: Layout,
  consent: RestoreConsent,
): RestorePlan {
  refuseOtherNode(ports, manifest, consent);
  const stranger = [...files.keys()].find((path) => path !== ownPaths.state && !isRestorable(path, layout));
  if (stranger !== undefined) {
    throw refuse(
      `the backup holds ${stranger}, which is in no backup of ${layout.name}`,
      'certmend made no such backup: take another one',
    );
  }
  refuseOlderAuthority(ports, files, layout, consent);
  const planned = order(layout, files).map((path, index) => plan(ports, path, files, layout, index));
  const notes = files.has(ownPaths.state)
    ? [`${ownPaths.state} is in the backup and is not restored: certmend finds out about a node by itself`]
    : [];
  return {
    files: planned.map(({ path, change }) => ({ path, change })),
    changes: planned.flatMap(({ put, change }) => (change === 'same' ? [] : [put])),
    notes,
  };
}

/** Table order, so that a key goes live before its certificate; then the rest by name. */
function order(layout: Layout, files: OpenArchive['files']): readonly string[] {
  const named = backedUpFiles(layout).filter((path) => files.has(path));
  return [...new Set([...named, ...files.keys()])].filter((path) => path !== ownPaths.state);
}

function plan(
  { reader }: Ports,
  path: string,
  files: OpenArchive['files'],
  layout: Layout,
  index: number,
): PlannedFile & { readonly put: PutChange } {
  const file = files.get(path);
  if (file === undefined) throw new TypeError(`unreachable: ${path} is not in the backup`);
  const live = readLive(reader, path, layout.dataDir);
  requireReadable(path, live);
  const { sha256, mode, uid, gid, mtimeMs } = file;
  const put: PutChange = {
    op: 'put',
    path,
    id: path,
    source: `${ownPaths.restore}/${String(index)}`,
    sha256,
    mode: mode & widestMode,
    uid,
    gid,
    modifiedAtMs: Math.max(0, Math.floor(mtimeMs)),
    expects: expected(live),
  };
  const change = isWanted(live, put) ? 'same' : live.state === 'absent' ? 'create' : 'replace';
  return { path, change, put };
}

function expected(live: FileState): Expectation {
  switch (live.state) {
    case 'absent':
      return { state: 'absent' };
    case 'regular':
      return { state: 'file', sha256: live.sha256 };
    case 'unreadable':
      return { state: 'other', detail: live.detail };
  }
}

function refuseOtherNode(ports: Ports, manifest: OpenArchive['manifest'], { otherNode }: RestoreConsent): void {
  const answer = resolveLayout(ports.hints, ports.reader, ports.host);
  const here = answer.ok ? answer.layout : undefined;
  const name = here === undefined || here.nodeName === '' ? ports.host.hostname.toLowerCase() : here.nodeName;
  const { nodeName } = manifest.node;
  if (otherNode) return;
  const hint = 'if you do mean this machine, add --other-node';
  if (name !== '' && name !== nodeName) throw refuse(`the backup is of ${nodeName}, and this node is ${name}`, hint);
  if (here !== undefined && here.name !== manifest.layout)
    throw refuse(`the backup is of ${manifest.layout}, and this node is ${here.name}`, hint);
  if (here !== undefined && here.dataDir !== manifest.dataDir)
    throw refuse(`the backup is of ${manifest.dataDir}, and this node keeps its files in ${here.dataDir}`, hint);
}

/** What is newer on the node was made after the backup: the datastore has it too, and every leaf in the cluster may be signed by it. */
function refuseOlderAuthority(
  ports: Ports,
  files: OpenArchive['files'],
  layout: Layout,
  consent: RestoreConsent,
): void {
  if (consent.olderAuthority) return;
  for (const entry of layout.entries) {
    if (entry.kind !== 'authority' || entry.copyOf !== undefined) continue;
    const path = entry.certificatePath;
    const live = readLive(ports.reader, path, layout.dataDir);
    const [mine, theirs] = [begins(live), begins(files.get(path))];
    if (mine === undefined || theirs === undefined || mine.fingerprint256 === theirs.fingerprint256) continue;
    if (mine.notBefore > theirs.notBefore) {
      throw refuse(
        `${path} is newer than the one in the backup (valid from ${rfc3339(mine.notBefore)} and from ${rfc3339(theirs.notBefore)})`,
        'an authority that was replaced is in the datastore too, which wins at the next start; if the old one is wanted all the same, add --older-authority',
      );
    }
  }
}

function begins(file: FileState | RegularFile | undefined): { fingerprint256: string; notBefore: number } | undefined {
  if (file?.state !== 'regular') return undefined;
  const read = parseCertificates(file.bytes);
  return read.ok ? read.value[0] : undefined;
}

function refuse(problem: string, hint: string): CertmendError {
  return new CertmendError('BackupUnfit', `${problem}; nothing was changed`, { exit: exitStatus.refused, hint });
}

/** For a shell: the same command again, with what is missing of it. */
export function restoreCommand(path: string, identity: string, nodeName: string, consent: RestoreConsent): string {
  return [
    'certmend backup restore',
    shellWord(path),
    '--identity',
    shellWord(identity),
    ...(consent.otherNode ? ['--other-node'] : []),
    ...(consent.olderAuthority ? ['--older-authority'] : []),
    '--confirm',
    shellWord(nodeName),
  ].join(' ');
}
