import { CertmendError } from '../error.ts';
import { healHungStart } from '../heal/heal-start.ts';
import { mindWhatRuns } from '../heal/renew-due.ts';
import type { Outcome } from '../session/outcome.ts';
import type { Ports } from '../survey/ports.ts';
import { record } from './record.ts';
import type { Check } from './reconcile.ts';

type Checked = Check & { readonly kind: 'checked' };

/**
 * What the daemon does on the node after a check: it heals what a start hangs on, and renews what runs. What is in the way is
 * told once. A commit makes the next check come at once, as any other certmend's does.
 *
 * @param known.before what this said after the last check
 * @returns what the status line has to say of it, while it lasts
 */
export async function act(
  ports: Ports,
  result: Checked,
  known: { readonly before: string | undefined; readonly stopping: AbortSignal },
): Promise<string | undefined> {
  try {
    const healed = await healHungStart(ports, result.survey);
    if (healed !== undefined) return await tellHealed(ports, healed);
    await mindWhatRuns(ports, result, known.stopping);
    return stillHangs(ports, result) ? known.before : undefined;
  } catch (error) {
    if (!(error instanceof CertmendError)) throw error;
    // Another certmend is at work: the next check looks again.
    if (error.code === 'LockHeld') return known.before;
    const { code: reason, message, hint } = error;
    if (message !== known.before) await record(ports, { event: 'failed', priority: 'error', reason, message, hint });
    return message;
  }
}

/** @returns what a person has to do; undefined when it was done */
async function tellHealed(ports: Ports, { changed, survey: { layout } }: Outcome): Promise<string | undefined> {
  const { unit } = layout;
  const command = `systemctl restart ${unit}`;
  const problem = restartHung(ports, unit);
  const done = problem === undefined ? `${unit} is being restarted` : `it has to be restarted (${problem})`;
  const files = changed.length === 1 ? '1 file' : `${String(changed.length)} files`;
  await record(ports, {
    event: 'start-healed',
    priority: problem === undefined ? 'notice' : 'warning',
    message: `the start of ${unit} hung on damaged certificates; ${files} repaired; ${done}`,
    hint: problem === undefined ? undefined : command,
  });
  return problem === undefined ? undefined : `repaired while the start hangs: ${command}`;
}

/** @returns why it is not restarted; undefined when it is */
function restartHung(ports: Ports, unit: string): string | undefined {
  if (!ports.config.restart.hung) return 'restart.hung is not set';
  // A restart would start what a person has stopped while it was healed.
  return ports.unitRun(unit)?.state === 'starting' ? ports.restartUnit(unit) : 'it is not starting any more';
}

function stillHangs(ports: Ports, { survey }: Checked): boolean {
  return ports.unitRun(survey.layout.unit)?.state === 'starting';
}

/** Not up yet, and something is damaged: whether it hangs on that is seen soon. */
export function isWorryingStart(ports: Ports, result: Check): boolean {
  if (result.kind !== 'checked' || result.survey.assessment.health.level !== 'critical') return false;
  return stillHangs(ports, result);
}
