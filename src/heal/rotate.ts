import { CertmendError, exitStatus } from '../error.ts';
import { carryOut, type RotateRequest } from './carry-out.ts';
import type { Outcome } from '../session/outcome.ts';
import type { Ports } from '../survey/ports.ts';
import { findLayout, refuseWeakened } from '../survey/survey.ts';

const lockWaitMs = 5000;

/**
 * A rotation that a person asks for. While the service runs its static pods hold single files, which a rename does not
 * reach (products 1.7), so it is refused until the service is stopped.
 *
 * @throws CertmendError ServiceRunning (exit 77)
 */
export async function rotate(ports: Ports, request: RotateRequest): Promise<Outcome> {
  const layout = findLayout(ports);
  refuseWeakened(layout);
  const words = [...request.ids, ...(request.reuseKeys ? ['--reuse-key'] : [])].map((word) => ` ${word}`).join('');
  refuseWhileRunning(ports, layout.unit, `certmend rotate${words}`);
  return carryOut(ports, { layout, lockWaitMs, request });
}

export function refuseWhileRunning(ports: Ports, unit: string, command: string): void {
  if (ports.serviceRunning(unit) === true) {
    throw new CertmendError(
      'ServiceRunning',
      `${unit} is running: its components would keep using the old files, so nothing was changed`,
      // As it stands, in a script too: nobody is asked, and the service is started whatever became of it.
      { exit: exitStatus.refused, hint: `systemctl stop ${unit} && ${command} --yes; systemctl start ${unit}` },
    );
  }
}
