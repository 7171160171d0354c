import { CertmendError, exitStatus } from '../../error.ts';
import { issuerRelation } from '../../assess/chain.ts';
import { bootstrapFields } from '../../bootstrap/field-paths.ts';
import type { AuthorityItem } from '../../inventory/inventory.ts';
import { isOfAgentPart } from '../../layout/written-files.ts';
import { unfitToRotate } from '../../plan/authority-rotation.ts';
import type { Session } from '../../session/session.ts';
import { telling } from '../../session/telling.ts';
import { withSession } from '../../session/with-session.ts';
import type { StateAuthorityRotation } from '../../state/state.ts';
import type { Ports } from '../../survey/ports.ts';
import { findLayout, refuseWeakened, type Survey } from '../../survey/survey.ts';
import { askComponents } from '../ask-components.ts';
import type { BootstrapSet } from './ask-product.ts';
import { lockWaitMs } from './begin-rotation.ts';
import { reach, type RotationStanding, send, triggerListener, underWay } from './carry-on.ts';
import { forgetFiles, keptFile, placeOf, rotationPath } from './rotation-files.ts';

/**
 * Goes one step on with the rotation that is under way. What can be seen from this node is looked at; that other servers and
 * agents were restarted is an operator's word.
 *
 * @param request.confirmed the operator says that the step that nobody here can see was taken
 * @throws CertmendError RotationUnfit (exit 77) when there is none, or its files are not there; ServerUnavailable, RotationRefused
 */
export async function continueRotation(
  ports: Ports,
  request: { readonly confirmed: boolean },
): Promise<RotationStanding> {
  const layout = findLayout(ports);
  refuseWeakened(layout);
  return telling(ports, () =>
    withSession(ports, { layout, lockWaitMs }, async (session) => {
      await session.write.audit.ready();
      const rotation = underWay(session);
      const standing = await step(session, rotation, request.confirmed);
      session.save();
      return standing;
    }),
  );
}

async function step(session: Session, rotation: StateAuthorityRotation, confirmed: boolean): Promise<RotationStanding> {
  switch (rotation.step) {
    case 'sending':
      return sendAgain(session, rotation);
    case 'stored':
      return seeThisServer(session, rotation);
    case 'this-server':
      if (!confirmed)
        return standing(session, rotation, ['an operator’s word that every other server was restarted and is Ready']);
      tellWord(session, 'every other server was restarted with the new authorities');
      return rotation.agentsRestart
        ? standing(session, reach(session, rotation, 'servers'))
        : finish(session, rotation);
    case 'servers':
      if (!confirmed)
        return standing(session, rotation, ['an operator’s word that every agent was restarted and is Ready']);
      tellWord(session, 'every agent was restarted with the new authorities');
      return finish(session, rotation);
    case 'withdrawing':
      throw new CertmendError('RotationOpen', 'the rotation is being taken back; nothing was changed', {
        exit: exitStatus.refused,
        hint: 'finish that: certmend ca rotate --abort',
      });
    case 'finished':
    case 'withdrawn':
      throw new TypeError('a rotation that is over is not under way');
  }
}

async function sendAgain(session: Session, rotation: StateAuthorityRotation): Promise<RotationStanding> {
  const { survey } = session;
  // It was restarted since, and has them: what was not known then is known now.
  if (onDisk(survey, rotation) === 'new') return seeThisServer(session, taken(session, rotation));
  const { sent, problem, hint } = await send(session, keptSet(session, rotation, 'new'), false);
  if (sent === 'taken') {
    const stored = taken(session, rotation);
    triggerListener(session, stored);
    return standing(session, stored);
  }
  const server = `the server on this node (${survey.layout.unit})`;
  throw new CertmendError(
    sent === 'unknown' ? 'ServerUnavailable' : 'RotationRefused',
    `${server} has not said that it took the new authorities: it ${problem}; no file of the node was changed`,
    {
      exit: sent === 'unknown' ? exitStatus.tryAgain : exitStatus.refused,
      hint: `${hint}; then again: certmend ca rotate --continue; or go back: certmend ca rotate --abort`,
    },
  );
}

function taken(session: Session, rotation: StateAuthorityRotation): StateAuthorityRotation {
  const { layout } = session.survey;
  const stored = reach(session, rotation, 'stored');
  session.tell({
    event: 'authorities-sent',
    priority: 'notice',
    message: `${layout.product} has taken new authorities into its datastore; each server uses them after its next restart`,
  });
  return stored;
}

async function seeThisServer(session: Session, rotation: StateAuthorityRotation): Promise<RotationStanding> {
  const { survey } = session;
  const { layout } = survey;
  switch (onDisk(survey, rotation)) {
    case 'old':
      triggerListener(session, rotation);
      return standing(session, rotation, [`the restart of this server: systemctl restart ${layout.unit}`]);
    case 'other':
      throw unfitToRotate(
        'the authorities on the disk are neither those of before the rotation nor the new ones: somebody else has changed them',
      );
    case 'mixed':
      return standing(session, rotation, [`${layout.unit} to have put all of the new authorities in place`]);
    case 'new':
      break;
  }
  const waiting = await notYet(session, rotation);
  if (waiting.length > 0) return standing(session, rotation, waiting);
  const reached = reach(session, rotation, 'this-server');
  session.tell({
    event: 'confirmed',
    priority: 'notice',
    message: `this server runs with the new authorities: they are on the disk, its leaves are of them, and what answers is well`,
  });
  return standing(session, reached);
}

/** Which of the certificate files are on the disk. */
export function onDisk(
  { inventory }: Survey,
  { authorities }: StateAuthorityRotation,
): 'old' | 'new' | 'mixed' | 'other' {
  const found = authorities.map(({ id, oldSha256, newSha256 }) => {
    const item = inventory.items.find((one): one is AuthorityItem => one.kind === 'authority' && one.entry.id === id);
    const sha256 = item?.certificateFile.state === 'regular' ? item.certificateFile.sha256 : undefined;
    return sha256 === newSha256 ? 'new' : sha256 === oldSha256 ? 'old' : 'other';
  });
  if (found.includes('other')) return 'other';
  if (found.every((one) => one === 'new')) return 'new';
  return found.every((one) => one === 'old') ? 'old' : 'mixed';
}

/** The gate behind the restart of this server: what is not as it should be yet, a clause each. */
async function notYet({ ports, survey }: Session, rotation: StateAuthorityRotation): Promise<readonly string[]> {
  const { layout, serviceRunning, assessment } = survey;
  if (serviceRunning !== true) return [`${layout.unit}, which does not run`];
  const waiting: string[] = [];
  if (ports.unitRun(layout.unit)?.state === 'starting') waiting.push(`${layout.unit}, which is starting`);
  for (const id of onOldAuthority(survey, rotation)) waiting.push(`${id}, which is still of the old authority`);
  const ids = new Set(rotation.authorities.map(({ id }) => id));
  const concerned = new Set(
    layout.entries.flatMap((entry) => (entry.kind === 'leaf' && ids.has(entry.issuer) ? [entry.id] : [])),
  );
  for (const { id, served } of assessment.rows)
    if (concerned.has(id) && served?.current === false) waiting.push(`${id}, of which an older certificate is served`);
  for (const { id, consumer, answer } of await askComponents(ports, survey)) {
    // Where there never was one (etcd beside another datastore) nobody is waited for.
    if (!rotation.well.includes(id)) continue;
    if (answer.is === 'ill') waiting.push(`${consumer} (${id}), which ${answer.problem}`);
    if (answer.is === 'absent') waiting.push(`${consumer} (${id}), which does not answer`);
  }
  return waiting;
}

/** Leaves of this node that the new signer has not signed: they are trusted, and the product makes them anew at its start. */
function onOldAuthority({ inventory }: Survey, rotation: StateAuthorityRotation): readonly string[] {
  const ids = new Set(rotation.authorities.map(({ id }) => id));
  return inventory.items.flatMap((item) => {
    if (item.kind !== 'leaf' || !ids.has(item.entry.issuer) || !item.certificates.ok) return [];
    // An agent's part is made anew at each start as well, later than the rest: it is trusted either way.
    if (isOfAgentPart(item.entry)) return [];
    const authority = inventory.items.find(
      (one): one is AuthorityItem => one.kind === 'authority' && one.entry.id === item.entry.issuer,
    );
    const [leaf, ...carried] = item.certificates.value;
    if (leaf === undefined || authority?.certificates.ok !== true) return [];
    return issuerRelation(leaf, authority.certificates.value, carried) === 'fits' ? [] : [item.entry.id];
  });
}

function finish(session: Session, rotation: StateAuthorityRotation): RotationStanding {
  const { ports, write } = session;
  const finished = reach(session, rotation, 'finished');
  // Behind it: what a kill leaves of them now the next session removes.
  forgetFiles(ports, write);
  session.tell({
    event: 'authorities-rotated',
    priority: 'notice',
    message: `the rotation of ${rotation.startedAt} is finished; the copies of the old and the new keys were removed`,
  });
  return { ...standing(session, finished), tokens: [] };
}

/** A set as it was kept, under the product's names. */
export function keptSet(
  { ports, survey: { layout } }: Session,
  { authorities }: StateAuthorityRotation,
  which: 'new' | 'old',
): BootstrapSet {
  return new Map(
    authorities.flatMap(({ id }): [string, Buffer][] => {
      const entry = layout.entries.find((one) => one.kind === 'authority' && one.id === id);
      const fields = bootstrapFields(id);
      if (entry?.kind !== 'authority' || entry.keyPath === undefined || fields === undefined)
        throw unfitToRotate(`${id} is no authority of this node`);
      const read = (path: string): Buffer => keptFile(ports.reader, which, placeOf(path, layout));
      return [
        [fields.certificate, read(entry.certificatePath)],
        [fields.key, read(entry.keyPath)],
      ];
    }),
  );
}

function tellWord(session: Session, what: string): void {
  session.tell({
    event: 'decided',
    priority: 'notice',
    reason: 'OperatorRequest',
    message: `an operator says: ${what}`,
  });
}

export function standing(
  { survey: { layout }, ports }: Session,
  rotation: StateAuthorityRotation,
  waiting: readonly string[] = [],
): RotationStanding {
  const names = ports.reader.list(rotationPath('tokens')) ?? [];
  return { layout, rotation, waiting, notes: [], tokens: names.map((name) => rotationPath('tokens', name)) };
}
