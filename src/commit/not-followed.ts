import { normalize } from 'node:path';
import type { FileReader } from '../disk/file-reader.ts';
import { ownPaths } from '../disk/own-paths.ts';
import { generationDirectory } from '../generation/manifest.ts';
import { emptyMemory } from '../inventory/inventory-memory.ts';
import { readItem } from '../inventory/read-item.ts';
import { unparsablePaths } from '../inventory/unparsable-paths.ts';
import type { Entry } from '../layout/entry.ts';
import type { Layout } from '../layout/layout.ts';
import { bootstrapFiles } from '../layout/bootstrap-files.ts';
import { isOfAgentPart, writtenModes } from '../layout/written-files.ts';
import type { Change } from './change.ts';
import type { Journal, JournalNode } from './journal-format.ts';
import { isShielded } from './protected.ts';

/**
 * Why recovery does not do what a journal says, as a clause; undefined when it does. A journal is a list of orders to
 * root that was found on the disk: it is followed where this node's own commit could have written it, and nowhere else.
 */
export function whyNotFollowed(
  { node, transaction, within, changes }: Journal,
  here: {
    readonly node: JournalNode;
    readonly layout: Pick<Layout, 'entries' | 'protectedPaths' | 'dataDir'>;
    readonly reader: FileReader;
  },
): string | undefined {
  const { layout, reader } = here;
  if (!isSameNode(node, here.node))
    return `belongs to another node (${node.nodeName === '' ? node.machineId : node.nodeName})`;
  if (within !== null && within !== layout.dataDir)
    return `is about ${within}, and this node keeps its files in ${layout.dataDir}`;
  const ours = new Map(layout.entries.flatMap(writtenModes));
  const bootstrap = new Map(
    layout.entries.flatMap((entry) => bootstrapFiles(entry).map((path) => [path, entry] as const)),
  );
  // The agent part is in no generation, and nothing else comes from where its copies are.
  const agentPart = new Set(layout.entries.filter(isOfAgentPart).map(({ certificatePath }) => certificatePath));
  const sourcesOf = (path: string): string =>
    agentPart.has(path) ? `${ownPaths.agentPart}/` : `${generationDirectory(transaction.generation)}/`;
  for (const change of changes) {
    const { path } = change;
    const mode = ours.get(path);
    if (isBootstrapRemoval(change)) {
      const entry = bootstrap.get(path);
      if (entry === undefined) return `removes ${path}, which is not a file of the bootstrap set`;
      if (ordersSoundAway(change, entry, layout.dataDir, reader)) return `removes ${path}, which is not damaged`;
    } else if (mode === undefined) {
      return `names ${path}, which is not a file that certmend writes in this layout`;
    } else if (isShielded(path, layout.protectedPaths, reader)) {
      return `names ${path}, which is protected`;
    } else if (change.op === 'put' && (change.mode & ~mode) !== 0) {
      return `gives ${path} mode 0${change.mode.toString(8)}, and 0${mode.toString(8)} is the most it may have`;
    }
    if (change.op === 'put' && change.source !== null && !isBelow(change.source, sourcesOf(path)))
      return `takes ${path} from ${change.source}, which is not in its generation`;
  }
  return undefined;
}

/** A damaged file of the bootstrap set that a person asked to be taken away (`--repair-bootstrap`). */
export function isBootstrapRemoval(change: Change): boolean {
  return change.op === 'remove' && change.bootstrap === true && change.expects.state === 'file';
}

/**
 * What can be parsed is taken away by nobody, whoever asks (`bootstrapActions`): a commit of ours never expects sound
 * bytes. Only the very bytes that the journal names are looked at. A file that somebody has put right since is left by the
 * change itself, and one that cannot be read just now is a reason to come back, and none to give the journal up.
 */
function ordersSoundAway({ path, expects }: Change, entry: Entry, dataDir: string, reader: FileReader): boolean {
  const file = reader.read(path, dataDir);
  if (file.state !== 'regular' || expects.state !== 'file' || file.sha256 !== expects.sha256) return false;
  const item = readItem(entry, (one) => (one === path ? file : reader.read(one, dataDir)), emptyMemory());
  return !unparsablePaths(item).includes(path);
}

/** By the machine where both have an id; a host name can still be a preliminary one early in a boot. */
export function isSameNode(one: JournalNode, other: JournalNode): boolean {
  return one.machineId !== '' && other.machineId !== ''
    ? one.machineId === other.machineId
    : one.nodeName === other.nodeName;
}

export function isBelow(path: string, directory: string): boolean {
  return normalize(path) === path && path.startsWith(directory);
}
