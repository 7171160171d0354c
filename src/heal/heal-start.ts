import type { Finding } from '../assess/assessment.ts';
import { reasons } from '../reason.ts';
import type { Outcome } from '../session/outcome.ts';
import { foresee } from '../survey/foresee.ts';
import type { Ports, UnitRun } from '../survey/ports.ts';
import type { Survey } from '../survey/survey.ts';
import { secondMs } from '../time/units.ts';
import { carryOut } from './carry-out.ts';

const lockWaitMs = 2000;

/** A sound start may take minutes; one that has damage before it after this time will not come up by itself. */
const hangsAfterMs = 45 * secondMs;

/**
 * The unit of the product never gives up a start (TimeoutStartSec=0, products 9): with damage that came after the boot hook,
 * or where the hook could not act, it waits for ever, and no further start brings the hook again. What the hook would mend is
 * mended then. What runs meanwhile goes on with its own pairs: only what is damaged is replaced, or all when nothing answers.
 *
 * @returns what was done; undefined when no start hangs, or nothing can be mended
 * @throws CertmendError as the boot hook's road
 */
export async function healHungStart(ports: Ports, seen: Survey, run: UnitRun): Promise<Outcome | undefined> {
  const { layout } = seen;
  if (!ports.config.boot.enabled) return undefined;
  if (run.state !== 'starting' || run.forMs < hangsAfterMs) return undefined;
  // As at a start: what is due is decided as for a service that is down.
  const down: Ports = { ...ports, serviceRunning: () => false };
  const { plan, survey } = await foresee(down);
  // A start that is merely slow has read the keys that a rotation would replace.
  if (!survey.assessment.findings.some(isHangedOn)) return undefined;
  const isAlone = seen.served === undefined || seen.served.size === 0;
  if (plan.actions.length === 0 || (plan.decision === 'rotate' && !isAlone)) return undefined;
  // A proof takes seconds: it may have come up meanwhile.
  const still = ports.unitRun(layout.unit);
  if (still?.state !== 'starting' || still.invocation !== run.invocation) return undefined;
  const outcome = await carryOut(down, { layout, lockWaitMs });
  return outcome.decision === 'rotated' || outcome.decision === 'repaired' ? outcome : undefined;
}

/** What no process can start with, and certmend can mend: what is only due, or not as it should be, holds up no start. */
function isHangedOn({ answer, code }: Finding): boolean {
  const { nature } = reasons[code];
  const isUnusable = nature === 'over' || nature === 'early' || nature === 'damage' || nature === 'missing';
  return isUnusable && (answer === 'repair' || answer === 'rotate');
}
