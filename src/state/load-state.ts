import { CertmendError } from '../error.ts';
import type { Remembered, Finding } from '../assess/assessment.ts';
import { type FileReader, unread, unreadClause } from '../disk/file-reader.ts';
import { ownPaths } from '../disk/own-paths.ts';
import { readDocument } from '../disk/shape.ts';
import { stateSchema, stateSchemaVersion } from './schema.ts';
import { isRotationOpen, type State } from './state.ts';
import { rememberedOf } from './transitions.ts';

export type LoadedState =
  | { readonly kind: 'loaded'; readonly state: State }
  | { readonly kind: 'absent' }
  /** The disk or a permission kept it from being read: nothing is known of it, and it must not be replaced. */
  | { readonly kind: 'unread'; readonly problem: string }
  /** The file is there and cannot be used. `problem` is a clause for a person: `is not JSON`. */
  | { readonly kind: 'damaged'; readonly problem: string }
  /** Written by a later certmend: read for what this version understands of it, never written over. */
  | { readonly kind: 'newer'; readonly schema: number; readonly known: Remembered };

/**
 * Reads the state file. Whatever is wrong with the file is one of the answers, because a node must heal without its
 * memory too.
 * @throws CertmendError StorageFailed when this process or the system is short of memory or open files, as any read
 */
export function loadState(reader: FileReader): LoadedState {
  const file = reader.readOwn(ownPaths.state, ownPaths.stateDirectory);
  const unread = unreadClause(file);
  if (unread !== undefined) return { kind: 'unread', problem: unread };
  switch (file.state) {
    case 'absent':
      return { kind: 'absent' };
    case 'unreadable':
      return { kind: 'damaged', problem: file.detail };
    case 'regular':
      return parseState(file.bytes);
  }
}

/**
 * What a command that writes says of a state that is `unread`. Without it nothing is decided: the brake would be gone,
 * the standby, and names that no certificate on the disk has any more.
 */
export function unreadState(problem: string): CertmendError {
  const { code, message } = unread(ownPaths.state, problem, 'nothing was changed');
  return new CertmendError(code, message, {
    hint: `run certmend as root; if it is, check the disk (dmesg). Only if the file is lost for good: mv ${ownPaths.state} ${ownPaths.state}.lost, and certmend starts without what it remembered`,
  });
}

/** Parses the bytes of a state file; see {@link loadState}. */
export function parseState(bytes: Uint8Array): Exclude<LoadedState, { kind: 'absent' | 'unread' }> {
  if (bytes.length === 0) return { kind: 'damaged', problem: 'is empty' };
  const document = parseJson(bytes);
  if (document === undefined) return { kind: 'damaged', problem: 'is not JSON' };
  const schema = schemaNumber(document);
  if (schema === undefined) return { kind: 'damaged', problem: 'has no schema number' };
  if (schema > stateSchemaVersion) {
    const read = readDocument(stateSchema, { ...(document as object), schema: stateSchemaVersion });
    return { kind: 'newer', schema, known: rememberedOf(read.ok ? read.value : undefined) };
  }
  const read = readDocument(stateSchema, document);
  if (read.ok) return { kind: 'loaded', state: read.value };
  return { kind: 'damaged', problem: `has no valid value at ${shown(read.at)}` };
}

/** The path may go through names of entries, and the file may hold anything. */
function shown(path: string): string {
  const printable = path.replace(/[^\x20-\x7e]/g, '?');
  if (printable === '') return 'its top';
  return printable.length > 100 ? `${printable.slice(0, 97)}...` : printable;
}

/** A file nested so deeply that the parser's stack ends is as damaged as one that is no JSON. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}

function schemaNumber(document: unknown): number | undefined {
  if (typeof document !== 'object' || document === null || !('schema' in document)) return undefined;
  const { schema } = document;
  return typeof schema === 'number' && Number.isSafeInteger(schema) && schema >= 1 ? schema : undefined;
}

/** A node that the boot hook would not heal for want of its memory is not well, whatever its certificates are. */
export function stateFindings(loaded: LoadedState): readonly Finding[] {
  if (loaded.kind === 'loaded') return rotationFindings(loaded.state);
  if (loaded.kind !== 'unread') return [];
  return [
    {
      code: 'StateUnread',
      id: undefined,
      path: ownPaths.state,
      severity: 'warning',
      message: `${ownPaths.state} ${loaded.problem}; until it can be read certmend changes nothing on this node`,
      evidence: { problem: loaded.problem },
      answer: 'operator',
    },
  ];
}

/** Half of a rotation is a state to get out of: until it is finished the next restart of a server is a step of it. */
function rotationFindings({ authorityRotation: rotation }: State): readonly Finding[] {
  if (!isRotationOpen(rotation)) return [];
  const { startedAt, step } = rotation;
  return [
    {
      code: 'RotationOpen',
      id: undefined,
      path: undefined,
      severity: 'warning',
      message: `a rotation of the authorities that was begun at ${startedAt} is not finished (${step}): certmend ca status says what comes next`,
      evidence: { startedAt, step },
      answer: 'operator',
    },
  ];
}
