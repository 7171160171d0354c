import { CertmendError, exitStatus } from '../../error.ts';
import { readServerTokens } from '../../layout/join-token.ts';
import type { RotationRequest } from '../../plan/authority-rotation.ts';
import { listed } from '../../assess/figures.ts';
import type { Session } from '../../session/session.ts';
import { telling } from '../../session/telling.ts';
import { isRotationOpen } from '../../state/state.ts';
import { withSession } from '../../session/with-session.ts';
import type { Ports } from '../../survey/ports.ts';
import { findLayout, refuseWeakened } from '../../survey/survey.ts';
import { askComponents } from '../ask-components.ts';
import { reach, type RotationStanding, send, triggerListener } from './carry-on.ts';
import { obstaclesTo, refuseObstacles } from './preflight.ts';
import { type PreparedRotation, prepareRotation, rememberedRotation, setOf } from './prepare-rotation.ts';
import { forgetFiles, type KeptFile, keepFiles, oldFiles, placeOf, rotationPath } from './rotation-files.ts';

export const lockWaitMs = 5000;

/**
 * Replaces authorities in the datastore of the cluster: made and proven here, kept with the old ones, sent to the server on
 * this node. Its files change when it is restarted, which a person does, as with all that follows (`continueRotation`).
 *
 * @throws CertmendError RotationUnfit, RotationRefused, VerificationFailed (exit 77): nothing was changed. ServerUnavailable (exit 75):
 * the server did not say whether it has taken them
 */
export async function beginRotation(ports: Ports, request: RotationRequest): Promise<RotationStanding> {
  const layout = findLayout(ports);
  refuseWeakened(layout);
  return telling(ports, () => withSession(ports, { layout, lockWaitMs }, (session) => begin(session, request)));
}

async function begin(session: Session, request: RotationRequest): Promise<RotationStanding> {
  const { ports, survey, write } = session;
  const { layout } = survey;
  const known = session.state().authorityRotation;
  if (isRotationOpen(known)) {
    throw new CertmendError('RotationOpen', `a rotation of ${known.startedAt} is under way; nothing was changed`, {
      exit: exitStatus.refused,
      hint: 'where it stands: certmend ca status; on with it: certmend ca rotate --continue; back: certmend ca rotate --abort',
    });
  }
  const prepared = await prepareRotation(ports, survey, request);
  refuseObstacles(await obstaclesTo(ports, survey));
  const health = await askComponents(ports, survey);
  const well = health.flatMap(({ id, answer }) => (answer.is === 'well' ? [id] : []));
  const files = setOf(prepared.authorities);
  const ids = prepared.authorities.map(({ chosen }) => chosen.id);
  await write.audit.ready();
  session.tell({
    event: 'decided',
    priority: 'notice',
    reason: 'OperatorRequest',
    message: `an operator requested a rotation of ${listed(ids)}`,
  });
  session.tell({
    event: 'verified',
    priority: 'info',
    message: `${String(ids.length)} new authorities were proven by the product's own rules and ${String(prepared.handshakes)} TLS handshakes with the old ones`,
  });
  const tokens = newTokens(ports, prepared);
  keepFiles(ports, write, [...oldFiles(layout, ports.reader), ...newFiles(prepared), ...tokens]);
  const rotation = reach(session, rememberedRotation(prepared, well, survey.assessment.now), 'sending');
  const { sent, problem, hint } = await send(session, files, false);
  const server = `the server on this node (${layout.unit})`;
  if (sent === 'not-taken') {
    session.remember((state) => ({ ...state, authorityRotation: known }));
    session.save();
    forgetFiles(ports, write);
    throw new CertmendError(
      'RotationRefused',
      `not rotated: ${server} has not taken the new authorities, it ${problem}; nothing was changed`,
      { exit: exitStatus.refused, hint },
    );
  }
  if (sent === 'unknown') {
    throw new CertmendError(
      'ServerUnavailable',
      `it is not known whether ${server} has taken the new authorities: it ${problem}; no file of the node was changed`,
      {
        exit: exitStatus.tryAgain,
        hint: 'do not restart a server; send the same set again: certmend ca rotate --continue; or go back: certmend ca rotate --abort',
      },
    );
  }
  const stored = reach(session, rotation, 'stored');
  session.tell({
    event: 'authorities-sent',
    priority: 'notice',
    message: `${layout.product} has taken new authorities into its datastore (${listed(ids)}); each server uses them after its next restart`,
  });
  triggerListener(session, stored);
  session.save();
  return {
    layout,
    rotation: stored,
    waiting: [],
    notes: [],
    tokens: tokens.map(({ name }) => rotationPath('tokens', name)),
  };
}

function newFiles({ survey: { layout }, authorities }: PreparedRotation): readonly KeptFile[] {
  return authorities.flatMap(({ chosen: { item }, made }): KeptFile[] => {
    const { certificatePath, keyPath } = item.entry;
    if (keyPath === undefined) throw new TypeError(`${made.id} has no key on this layout`);
    return [
      { which: 'new', name: placeOf(certificatePath, layout), bytes: made.certificatePem },
      { which: 'new', name: placeOf(keyPath, layout), bytes: made.keyPem },
    ];
  });
}

/** What the tokens of the cluster are afterwards: written down before anybody is restarted, and shown to nobody. */
function newTokens(ports: Ports, { survey: { layout }, caHash }: PreparedRotation): readonly KeptFile[] {
  if (caHash.after === undefined || caHash.after === caHash.before) return [];
  return readServerTokens(layout.dataDir, ports.reader).map(({ name, credential }) => ({
    which: 'tokens',
    name,
    bytes: Buffer.from(`K10${caHash.after ?? ''}::${credential}\n`),
  }));
}
