import { CertmendError } from '../error.ts';
import { mindAgentPart } from '../heal/agent/mind-agent-part.ts';
import { healHungStart } from '../heal/heal-start.ts';
import { mindWhatRuns } from '../heal/renew-due.ts';
import type { Outcome } from '../session/outcome.ts';
import type { Ports, UnitRun } from '../survey/ports.ts';
import { isPausing, nextAppointment } from './schedule.ts';
import { record } from './record.ts';
import type { Check } from './reconcile.ts';

type Checked = Check & { readonly kind: 'checked' };

/**
 * What the daemon does on the node after a check: asks once which start the service is in, acts by it, and says when something
 * is to be done next.
 *
 * @param known.before what this said after the last check
 * @returns `remark`: what the status line has to say of it, while it lasts; `nextMs`: undefined for the usual pace
 */
export async function act(
  ports: Ports,
  result: Checked,
  known: { readonly before: string | undefined; readonly stopping: AbortSignal },
): Promise<{ readonly remark: string | undefined; readonly nextMs: number | undefined }> {
  const { serviceRunning, layout } = result.survey;
  const run = serviceRunning === true ? ports.unitRun(layout.unit) : undefined;
  if (run === undefined) return { remark: undefined, nextMs: undefined };
  const remarks = [
    await telling(ports, known.before, () => actUnder(run, ports, result, known)),
    await telling(ports, known.before, () => actOnAgentPart(run, ports, result, known.stopping)),
  ].filter((remark) => remark !== undefined);
  // What was in the way is still, as far as anybody knows, until the next attempt: it stays in the headline, and is no news then.
  const isPaused = remarks.length === 0 && isPausing(ports, result);
  const remark = isPaused ? known.before : remarks.length === 0 ? undefined : [...new Set(remarks)].join('; ');
  return { remark, nextMs: nextAppointment(ports, result, run) };
}

/** It heals what a start hangs on, and renews what runs. A commit makes the next check come at once, as any other certmend's does. */
async function actUnder(
  run: UnitRun,
  ports: Ports,
  result: Checked,
  known: { readonly before: string | undefined; readonly stopping: AbortSignal },
): Promise<string | undefined> {
  const healed = await healHungStart(ports, result.survey, run);
  if (healed !== undefined) return tellHealed(ports, healed);
  await mindWhatRuns(ports, { ...result, run }, known.stopping);
  return run.state === 'starting' ? known.before : undefined;
}

/** What a server of the cluster signs: that the node's own set could not be renewed is no reason to leave it. */
async function actOnAgentPart(
  run: UnitRun,
  ports: Ports,
  result: Checked,
  stopping: AbortSignal,
): Promise<string | undefined> {
  await mindAgentPart(ports, { ...result, run }, stopping);
  return undefined;
}

/**
 * What is in the way is told once.
 * @returns the remark of `work`, or what was in its way
 */
async function telling(
  ports: Ports,
  before: string | undefined,
  work: () => Promise<string | undefined>,
): Promise<string | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CertmendError)) throw error;
    // Another certmend is at work: the next check looks again.
    if (error.code === 'LockHeld') return before;
    const { code: reason, message, hint } = error;
    if (before?.includes(message) !== true)
      await record(ports, { event: 'failed', priority: 'error', reason, message, hint });
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
