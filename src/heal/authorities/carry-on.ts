import { ownPaths } from '../../disk/own-paths.ts';
import { CertmendError, exitStatus } from '../../error.ts';
import type { Layout } from '../../layout/layout.ts';
import type { Session } from '../../session/session.ts';
import { isRotationOpen, type StateAuthorityRotation } from '../../state/state.ts';
import { afterCommit } from '../../state/transitions.ts';
import type { SupervisorAnswer } from '../../survey/ports.ts';
import { rfc3339 } from '../../time/rfc3339.ts';
import { commitFacts } from '../agent/renew-agent-part.ts';
import { type BootstrapSet, sendSet, storedSet } from './ask-product.ts';

/** Where a rotation stands after a command, for a person. */
export interface RotationStanding {
  readonly layout: Layout;
  readonly rotation: StateAuthorityRotation;
  /** What the next step waits for, a clause each; empty when a step was reached. */
  readonly waiting: readonly string[];
  /** Sentences that a person should read although nothing failed. */
  readonly notes: readonly string[];
  /** Where the new tokens are; empty when the token stays. */
  readonly tokens: readonly string[];
}

/** Remembers, on the disk, that a step was reached. */
export function reach(
  session: Session,
  rotation: StateAuthorityRotation,
  step: StateAuthorityRotation['step'],
): StateAuthorityRotation {
  const reached = { ...rotation, step, at: rfc3339(session.ports.clock.now()) };
  session.remember((state) => ({ ...state, authorityRotation: reached }));
  session.save();
  return reached;
}

/** What the product said to a set that was sent to it. */
export type Sent = 'taken' | 'not-taken' | 'unknown';

/**
 * Sends a set and finds out what became of it.
 *
 * @returns a clause that says why, where it was not taken or nobody knows
 */
export async function send(
  session: Session,
  files: BootstrapSet,
  force: boolean,
): Promise<{ readonly sent: Sent; readonly problem: string; readonly hint: string }> {
  const { ports, survey } = session;
  const { layout, inventory } = survey;
  const answer = await sendSet(ports, layout, inventory, { files, force });
  const log = `see: journalctl -u ${layout.unit}`;
  if (answer.is === 'absent')
    return { sent: 'not-taken', problem: `nobody answers on its port of the loopback`, hint: log };
  if (answer.is === 'answered' && answer.status === 204) return { sent: 'taken', problem: '', hint: '' };
  if (answer.is === 'answered' && [401, 403, 404, 405].includes(answer.status))
    return { sent: 'not-taken', ...refusal(answer.status, layout) };
  const problem = said(answer);
  const stored = await storedSet(ports, layout, inventory);
  const has = (wanted: BootstrapSet): boolean =>
    stored !== undefined && [...wanted].every(([field, bytes]) => stored.get(field)?.equals(bytes) === true);
  if (has(files)) return { sent: 'taken', problem: '', hint: '' };
  // An answer of its own, and the datastore as it was: it has refused them. One that came too late may do it yet.
  const isRefusal = answer.is === 'answered' && stored !== undefined;
  return {
    sent: isRefusal ? 'not-taken' : 'unknown',
    problem,
    hint: `the reason is in the log of the server alone: journalctl -u ${layout.unit}`,
  };
}

function said(answer: SupervisorAnswer): string {
  if (answer.is === 'silent') return answer.problem;
  if (answer.is === 'absent') return 'nobody answers';
  const id = /error ID (\d+)/.exec(answer.body.toString('latin1'))?.[1];
  return `answered ${String(answer.status)}${id === undefined ? '' : ` (certificate error ID ${id})`}`;
}

function refusal(
  status: number,
  { product, dataDir, unit }: Layout,
): { readonly problem: string; readonly hint: string } {
  switch (status) {
    case 401:
    case 403:
      return {
        problem: `does not accept the token of this server (${String(status)})`,
        hint: `is ${dataDir}/server/token the token of this cluster? the server's own command says the same: ${product} certificate rotate-ca --help; its log: journalctl -u ${unit}`,
      };
    default:
      return {
        problem: `does not know the request (${String(status)}): releases since 2023 do`,
        hint: `upgrade ${product} on the servers first`,
      };
  }
}

/**
 * The listener keeps a certificate of the old authority unless it is told otherwise at its next start. Releases since October 2025
 * write the trigger themselves on the server that was asked (products 0.1).
 *
 * @returns whether it was written here
 */
export function triggerListener(session: Session, rotation: StateAuthorityRotation): boolean {
  const { ports, survey } = session;
  const { layout, inventory } = survey;
  const entry = layout.entries.find((one) => one.kind === 'listener');
  const authority = inventory.items.find((item) => item.kind === 'authority' && item.entry.id === entry?.issuer);
  const isConcerned = rotation.authorities.some(({ id }) => id === entry?.issuer);
  if (entry?.kind !== 'listener' || !isConcerned || authority?.kind !== 'authority') return false;
  if (ports.reader.stat(entry.regenerateTrigger).state !== 'absent') return false;
  const { certificateFile: owner } = authority;
  const [uid, gid] = owner.state === 'regular' ? [owner.uid, owner.gid] : [0, 0];
  session.begin({ reason: 'OperatorRequest', byItself: false });
  try {
    session.commit({
      transaction: session.transaction(0, undefined, 'nothing'),
      changes: [
        {
          ...{ op: 'put', path: entry.regenerateTrigger, id: entry.id, source: null, sha256: emptySha256 },
          ...{ mode: 0o600, uid, gid, expects: { state: 'absent' } },
        },
      ],
      after: (state) => afterCommit(state, commitFacts(survey)),
    });
  } catch (error) {
    session.abandon();
    throw error;
  }
  session.tell({
    event: 'listener-regeneration-requested',
    priority: 'notice',
    entry: entry.id,
    path: entry.regenerateTrigger,
    message: `${layout.product} will make its listener certificate anew, under the new authority, when ${layout.unit} starts`,
  });
  return true;
}

const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** The rotation that is under way. @throws CertmendError RotationUnfit when there is none */
export function underWay(session: Session): StateAuthorityRotation {
  const rotation = session.state().authorityRotation;
  if (isRotationOpen(rotation)) return rotation;
  throw new CertmendError('RotationUnfit', 'no rotation of the authorities is under way here; nothing was changed', {
    exit: exitStatus.refused,
    hint: `one is begun with: certmend ca rotate (what it would do: --dry-run); one that was begun on another server goes on there, by its ${ownPaths.state}`,
  });
}
