import { isUnsound } from '../../assess/rules/restart.ts';
import { CertmendError, exitStatus } from '../../error.ts';
import { bootstrapFields } from '../../bootstrap/field-paths.ts';
import type { Ports } from '../../survey/ports.ts';
import type { Survey } from '../../survey/survey.ts';
import { askComponents } from '../ask-components.ts';
import { storedSet } from './ask-product.ts';

/**
 * What is in the way of a rotation on this node, a clause each: it goes through a server that is up and well, and from files that are
 * those of the datastore. Asks the running service.
 */
export async function obstaclesTo(ports: Ports, survey: Survey): Promise<readonly string[]> {
  const { layout, assessment, inventory, serviceRunning } = survey;
  if (serviceRunning !== true) {
    return [
      ports.root === '/'
        ? `${layout.unit} does not run here, and a rotation goes through it`
        : `this is a tree under ${ports.root}, and a rotation goes through the running service of its node`,
    ];
  }
  const obstacles: string[] = [];
  if (ports.unitRun(layout.unit)?.state === 'starting') obstacles.push(`${layout.unit} is starting and not ready yet`);
  for (const { message } of assessment.findings.filter(isUnsound)) obstacles.push(message);
  for (const { id, consumer, answer } of await askComponents(ports, survey))
    if (answer.is === 'ill') obstacles.push(`${consumer} (${id}) is not well: it ${answer.problem}`);
  if (obstacles.length > 0) return obstacles;
  const stored = await storedSet(ports, layout, inventory);
  for (const item of inventory.items) {
    if (item.kind !== 'authority') continue;
    const fields = bootstrapFields(item.entry.id);
    const bytes = fields && stored?.get(fields.certificate);
    const { certificateFile } = item;
    if (bytes === undefined || certificateFile.state !== 'regular' || certificateFile.bytes.equals(bytes)) continue;
    obstacles.push(
      `the datastore has another ${item.entry.id} than the disk of this node: it was rotated before, and this server has not been restarted since`,
    );
  }
  return obstacles;
}

/** @throws CertmendError RotationUnfit (exit 77) with the first of them */
export function refuseObstacles([obstacle]: readonly string[]): void {
  if (obstacle === undefined) return;
  throw new CertmendError('RotationUnfit', `not rotated: ${obstacle}; nothing was changed`, {
    exit: exitStatus.refused,
    hint: 'what is wrong with this node: certmend check; whether anything else is in the way: certmend ca rotate --dry-run',
  });
}
