import { CertmendError, exitStatus } from '../../error.ts';
import { telling } from '../../session/telling.ts';
import { withSession } from '../../session/with-session.ts';
import type { Session } from '../../session/session.ts';
import type { Ports } from '../../survey/ports.ts';
import { findLayout, refuseWeakened } from '../../survey/survey.ts';
import { lockWaitMs } from './begin-rotation.ts';
import { reach, type RotationStanding, send, underWay } from './carry-on.ts';
import { keptSet, onDisk } from './continue-rotation.ts';
import { forgetFiles, rotationPath } from './rotation-files.ts';

/**
 * Sends the old authorities back, as long as no server has been restarted: then nothing has ever used the new ones.
 *
 * @throws CertmendError RotationUnfit (exit 77) when it is too late, with the way that is left
 */
export async function withdrawRotation(ports: Ports): Promise<RotationStanding> {
  const layout = findLayout(ports);
  refuseWeakened(layout);
  return telling(ports, () => withSession(ports, { layout, lockWaitMs }, withdraw));
}

async function withdraw(session: Session): Promise<RotationStanding> {
  const { ports, survey, write } = session;
  const { layout } = survey;
  const rotation = underWay(session);
  const isEarly = rotation.step === 'sending' || rotation.step === 'stored' || rotation.step === 'withdrawing';
  if (!isEarly || onDisk(survey, rotation) !== 'old') throw tooLate(layout.product);
  await write.audit.ready();
  const files = keptSet(session, rotation, 'old');
  const begun = reach(session, rotation, 'withdrawing');
  session.tell({
    event: 'decided',
    priority: 'notice',
    reason: 'OperatorRequest',
    message: 'an operator takes the rotation of the authorities back',
  });
  // By force: one that stands alone in its file is refused by the product's rules, although it is the one in use.
  const { sent, problem, hint } = await send(session, files, true);
  if (sent !== 'taken') {
    throw new CertmendError(
      sent === 'unknown' ? 'ServerUnavailable' : 'RotationRefused',
      `the old authorities were not sent back: the server on this node ${problem}; no file of the node was changed`,
      { exit: exitStatus.tryAgain, hint: `${hint}; do not restart a server; then again: certmend ca rotate --abort` },
    );
  }
  const withdrawn = reach(session, begun, 'withdrawn');
  forgetFiles(ports, write);
  session.tell({
    event: 'rolled-back',
    priority: 'notice',
    message: 'the old authorities are in the datastore again; no server has used the new ones',
  });
  session.save();
  return { layout, rotation: withdrawn, waiting: [], notes: [], tokens: [] };
}

function tooLate(product: string): CertmendError {
  const old = rotationPath('old');
  return new CertmendError(
    'RotationUnfit',
    'the rotation is not taken back: this server runs with the new authorities, and both sides trust each other; nothing was changed',
    {
      exit: exitStatus.refused,
      hint: `the safe way is forward: certmend ca rotate --continue; by hand, with a restart of every node that was restarted, in the same order, and the old token: find ${old} -type f -exec touch {} + && ${product} certificate rotate-ca --path ${old} --force`,
    },
  );
}
