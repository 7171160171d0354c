import type { State } from '../state/state.ts';
import type { Ports } from './ports.ts';
import type { Survey } from './survey.ts';
import { createHash } from 'node:crypto';
import { assess } from '../assess/assess.ts';
import type { Finding } from '../assess/assessment.ts';
import type { FileState } from '../disk/file-reader.ts';
import { readItem } from '../inventory/read-item.ts';
import type { MaterialFile } from '../issue/material.ts';
import { afterAssessment, rememberedOf } from '../state/transitions.ts';

/** The node as one command knows it, against which a generation is judged: reads only, so that `plan` and `status` can too. */
export interface KnownNode {
  readonly ports: Ports;
  readonly survey: Survey;
  readonly state: State | undefined;
  /** Told the proof of a set that has just held its handshakes; a session remembers it. */
  readonly onProven?: (proof: string) => void;
}

/**
 * What would be found of a set's own leaves if it were live now: the rules of the check, asked of its bytes in the place
 * of those on the node. Names count that are recorded, and those that a certificate on the node has and that are not
 * recorded yet: a set without them would lose them.
 * @returns what would make the next start issue again; a set that leaves nothing of it answers every present finding
 */
export function leftAsIfLive({ ports, survey, state }: KnownNode, files: readonly MaterialFile[]): readonly Finding[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const ids = new Set(files.filter(({ role }) => role === 'certificate').map(({ id }) => id));
  const read = (path: string): FileState => {
    const file = byPath.get(path);
    return file === undefined ? { state: 'absent' } : regular(file);
  };
  const items = survey.inventory.items.map((item) =>
    item.kind === 'leaf' && ids.has(item.entry.id) ? readItem(item.entry, read, ports.memory) : item,
  );
  const { findings } = assess({
    ...survey,
    inventory: { ...survey.inventory, items },
    remembered: state === undefined ? survey.remembered : rememberedOf(afterAssessment(state, survey)),
  });
  return findings.filter(({ id, answer, blocked }) => {
    const isDue = answer === 'rotate' || answer === 'repair' || blocked !== undefined;
    return isDue && id !== undefined && ids.has(id);
  });
}

/** `SanMissing at serving-kube-apiserver (vip.example.org)` */
export function leftClause({ code, id, evidence }: Finding): string {
  const missing = code === 'SanMissing' ? evidence['missing'] : undefined;
  return `${code} at ${id ?? 'the node'}${missing === undefined ? '' : ` (${missing})`}`;
}

function regular({ bytes, mode, uid, gid }: MaterialFile): FileState {
  return {
    state: 'regular',
    bytes,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    mode,
    uid,
    gid,
    mtimeMs: 0,
  };
}
