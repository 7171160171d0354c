import type { FileReader } from '../disk/file-reader.ts';
import { dirname } from 'node:path/posix';
import type { FileWriter } from '../disk/file-writer.ts';
import { isReplaceable } from '../assess/file-fault.ts';
import { filesOf } from '../activate/change-set.ts';
import { CertmendError, exitStatus } from '../error.ts';
import { ownPaths } from '../disk/own-paths.ts';
import type { Outcome } from '../session/outcome.ts';
import { prestart } from './prestart.ts';
import type { Ports } from '../survey/ports.ts';
import { survey, type Survey } from '../survey/survey.ts';

/** What would happen at the rehearsed instant: before, the boot hook itself, and after. */
export interface Rehearsal {
  readonly at: number;
  /** How long the boot hook itself would wait for a clock that is not believed; a rehearsal does not wait. */
  readonly clockWaitMs: number;
  readonly before: Survey;
  /** Undefined when the boot hook failed; `failure` says why. */
  readonly outcome: Outcome | undefined;
  readonly failure: CertmendError | undefined;
  readonly after: Survey;
}

/** A directory that holds a copy of the node for a while, and everything needed to run the road in it. */
export interface Scratch {
  /** Ports whose root is the copy and whose clock shows the rehearsed instant. */
  readonly ports: Ports;
  readonly writer: FileWriter;
  /** Removes the copy, with the keys in it. */
  remove(): void;
}

/**
 * Runs the boot hook in a scratch copy of the node under another clock: the real decision, issuing, handshakes and
 * commit, on files nobody uses.
 */
export function rehearse(ports: Ports, scratch: () => Promise<Scratch>): Promise<Rehearsal> {
  return inCopy(ports, scratch, async (there, { layout }) => {
    const before = await survey(there, layout);
    let outcome: Outcome | undefined;
    let failure: CertmendError | undefined;
    try {
      outcome = await prestart(there, layout);
    } catch (error) {
      failure = failureOf(error);
    }
    const { maxWaitMs: clockWaitMs } = ports.config.clock;
    return { at: there.clock.now(), clockWaitMs, before, outcome, failure, after: await survey(there, layout) };
  });
}

/** What a rehearsal shows, since it would happen on the node too; anything else is no outcome. */
export function failureOf(error: unknown): CertmendError {
  if (!(error instanceof CertmendError) || error.exit === exitStatus.bug) throw error;
  return error;
}

/**
 * Does something in a scratch copy of the node. The node itself is only read. What nobody may write (P2), the authorities'
 * keys before all, is read where it is and never copied. The copy holds leaf keys, so it is made 0700 and taken away
 * whatever happens (P9).
 *
 * @param work gets ports that see the copy, and the node as it is
 */
export async function inCopy<T>(
  ports: Ports,
  scratch: () => Promise<Scratch>,
  work: (there: Ports, here: Survey) => Promise<T>,
): Promise<T> {
  const here = await survey(ports);
  const copy = await scratch();
  try {
    const shared = new Set(here.layout.protectedPaths);
    copyNode(ports.reader, copy.writer, here, shared);
    const there = {
      ...copy.ports,
      reader: sharing(shared, ports.reader, copy.ports.reader),
      hints: { layout: here.layout.name, dataDir: here.layout.dataDir },
    };
    return await work(there, here);
  } finally {
    copy.remove();
  }
}

/** The copy, but for the files that it shares with the node. */
function sharing(paths: ReadonlySet<string>, node: FileReader, copy: FileReader): FileReader {
  const readerOf = (path: string): FileReader => (paths.has(path) ? node : copy);
  return {
    read: (path, within) => readerOf(path).read(path, within),
    readOwn: (path, within) => readerOf(path).readOwn(path, within),
    stat: (path) => readerOf(path).stat(path),
    list: (directory) => copy.list(directory),
    readLink: (path) => readerOf(path).readLink(path),
    // What a mount keeps from being replaced on the node is not replaced here either.
    mountedOver: (mounted) => node.mountedOver(mounted),
  };
}

/**
 * Copies every file the layout names, the state, the generations, and what an interrupted commit left: what the road
 * reads. What is no file (a directory in the place of a certificate) is none in the copy either.
 */
function copyNode(reader: FileReader, writer: FileWriter, here: Survey, shared: ReadonlySet<string>): void {
  const made = new Set<string>();
  for (const [path, file] of filesOf(here.inventory.items)) {
    if (file.state === 'regular' && !shared.has(path)) copyFile(writer, made, path, file.bytes, file.mode);
    else if (file.state === 'unreadable' && !isReplaceable(path, file)) makeDirectories(writer, made, path);
    else if (path.startsWith(here.layout.dataDir)) makeDirectories(writer, made, dirname(path));
  }
  copyTree(reader, writer, made, ownPaths.generations);
  for (const path of [ownPaths.state, ownPaths.journal, ...here.inventory.stray, ...here.inventory.pendingTriggers]) {
    const file = reader.read(path);
    if (file.state === 'regular') copyFile(writer, made, path, file.bytes, file.mode);
  }
}

function copyTree(reader: FileReader, writer: FileWriter, made: Set<string>, directory: string): void {
  for (const name of reader.list(directory) ?? []) {
    const path = `${directory}/${name}`;
    const found = reader.stat(path);
    if (found.state !== 'present') continue;
    if (found.type === 'directory') {
      copyTree(reader, writer, made, path);
    } else if (found.type === 'file') {
      const file = reader.read(path);
      if (file.state === 'regular') copyFile(writer, made, path, file.bytes, file.mode);
    }
  }
}

function copyFile(writer: FileWriter, made: Set<string>, path: string, bytes: Buffer, mode: number): void {
  makeDirectories(writer, made, dirname(path));
  const descriptor = writer.create(path, mode | 0o600);
  try {
    writer.write(descriptor, bytes);
    writer.setMode(descriptor, mode);
  } finally {
    writer.close(descriptor);
  }
}

function makeDirectories(writer: FileWriter, made: Set<string>, directory: string): void {
  if (directory === '/' || made.has(directory)) return;
  makeDirectories(writer, made, dirname(directory));
  writer.makeDirectory(directory, 0o700);
  made.add(directory);
}
