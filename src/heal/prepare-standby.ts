import { mayWrite } from '../layout/written-files.ts';
import { CertmendError, exitStatus } from '../error.ts';
import { ownPaths } from '../disk/own-paths.ts';
import type { LeafItem } from '../inventory/inventory.ts';
import { withProof, withStandby } from '../state/transitions.ts';
import { announce } from '../session/announce.ts';
import { standbyOf, proofOf } from '../survey/generations-known.ts';
import { makeGeneration } from '../session/make-generation.ts';
import type { Ports } from '../survey/ports.ts';
import { prune } from '../session/leftovers.ts';
import type { Session } from '../session/session.ts';
import { withSession } from '../session/with-session.ts';
import { refuseWeakened } from '../survey/survey.ts';
import { telling } from '../session/telling.ts';

const lockWaitMs = 5000;

export interface PreparedStandby {
  readonly generation: number;
  readonly notAfter: number;
  /** False when a good standby was there already and was kept. */
  readonly made: boolean;
}

/**
 * Makes and proves a standby generation, unless a good one is there (architecture, Standby).
 *
 * @throws CertmendError as `keepStandby`
 */
export async function prepareStandby(ports: Ports): Promise<PreparedStandby> {
  return telling(ports, () =>
    withSession(ports, { lockWaitMs }, async (session) => {
      const prepared = await keepStandby(session);
      session.save();
      return prepared;
    }),
  );
}

/**
 * The same inside a session; the caller saves.
 *
 * @throws CertmendError ClockBehind, ClockAheadSuspect, StandbyMissing (exit 77: this node issues nothing itself),
 * AuthorityUnusable, StorageFull, VerificationFailed
 */
export async function keepStandby(session: Session): Promise<PreparedStandby> {
  refuseWeakened(session.survey.layout);
  const { clock } = session.survey.assessment;
  if (!clock.believed) {
    throw new CertmendError(
      clock.verdict === 'behind' ? 'ClockBehind' : 'ClockAheadSuspect',
      `no standby was made: ${clock.evidence[0] ?? 'the clock is not believed'}`,
      { exit: exitStatus.refused, hint: 'correct the clock, or confirm it with --believe-clock' },
    );
  }
  const ids = session.survey.inventory.items
    .filter((item): item is LeafItem => item.kind === 'leaf')
    .filter(({ entry, certificateFile }) => mayWrite(entry) && !(entry.optional && certificateFile.state === 'absent'))
    .map(({ entry }) => entry.id);
  if (ids.length === 0) {
    throw new CertmendError(
      'StandbyMissing',
      `no standby was made: ${session.survey.layout.name} has no certificates of its own to issue, its service fetches them at each start`,
      { exit: exitStatus.refused, hint: 'nothing to do: keep the servers of this cluster healthy' },
    );
  }
  const known = await standbyOf(session.node(), 'keep');
  if (known.state === 'ready') return { generation: known.generation, notAfter: known.notAfter, made: false };
  if (known.state === 'invalid' && known.unread === true) {
    throw new CertmendError('StorageFailed', `${known.reason}; it was kept, and no other was made`, {
      hint: `check the disk and the mount that hold ${ownPaths.generations} (dmesg, smartctl)`,
    });
  }
  const made = await makeGeneration(session, { ids, kubeconfigs: [], origin: 'issued', reuseKeys: false });
  announce.standbyPrepared(session, made, known);
  const proof = proofOf(session.survey.inventory, made.files);
  session.remember((state) => withProof(withStandby(state, made.manifest), proof));
  // Saved before the old one is pruned: a state must never name a generation that is gone.
  session.save();
  prune(session);
  return { generation: made.manifest.number, notAfter: Date.parse(made.manifest.notAfter), made: true };
}
