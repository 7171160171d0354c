import type { Finding } from '../assess/assessment.ts';
import type { Layout } from '../layout/layout.ts';
import type { PlanReason } from '../plan/plan.ts';
import { afterAssessment } from '../state/transitions.ts';
import { worthSaving } from '../state/worth-saving.ts';
import { ownPaths } from '../disk/own-paths.ts';
import type { Outcome } from './outcome.ts';
import type { Ports } from './ports.ts';
import { survey, type Survey } from './survey.ts';

/** How often a suspect clock is looked at again while the boot hook waits for it. */
const clockPollMs = 1000;
/**
 * How long the boot hook waits for another certmend before it lets the service start without it: for a person's command,
 * or for a check of the daemon, which takes half a minute on a board that is slow and busy.
 */
const lockWaitMs = 40_000;

/**
 * The boot hook's whole job (design 10): look; when nothing is due, touch nothing and load nothing; else carry out the
 * plan under the lock.
 *
 * @param layout given when it is known already (a rehearsal)
 * @throws CertmendError for what it could not do; the command lets the unit start all the same (P1)
 */
export async function prestart(ports: Ports, layout?: Layout): Promise<Outcome> {
  const deadline = ports.clock.monotonic() + ports.config.boot.deadlineMs;
  const first = survey(ports, layout);
  if (!needsHands(first, ports)) {
    return reportOnly(first, 'nothing-to-do', []);
  }
  if (!ports.config.boot.enabled) {
    return reportOnly(first, 'refused', [
      'boot.enabled is false in the configuration: reported only, nothing was changed',
    ]);
  }
  await waitForClock(ports, first, deadline);
  const { carryOut } = await import('./carry-out.ts');
  const remainingMs = Math.max(0, deadline - ports.clock.monotonic());
  return carryOut(ports, { layout: first.layout, lockWaitMs: Math.min(lockWaitMs, remainingMs), deadline });
}

/** True when there is something to do, to recover or to remember: everything else stays read-only and unlocked. */
function needsHands(seen: Survey, ports: Ports): boolean {
  const { loaded, inventory, assessment } = seen;
  return (
    assessment.findings.some(asksForHands) ||
    ports.repairBootstrap ||
    inventory.stray.length > 0 ||
    ports.reader.stat(ownPaths.journal).state !== 'absent' ||
    loaded.kind !== 'loaded' ||
    worthSaving(loaded.state, afterAssessment(loaded.state, seen), assessment.now)
  );
}

function asksForHands({ answer }: Finding): boolean {
  switch (answer) {
    case 'rotate':
    case 'repair':
    case 'quarantine':
    case 'regenerate-listener':
    case 'write-kubeconfig':
    case 'wait':
      return true;
    case 'none':
    case 'operator':
      return false;
  }
}

/** A suspect clock often becomes right within seconds of a boot, when the time service answers (P5, design 9). */
async function waitForClock(ports: Ports, first: Survey, deadline: number): Promise<void> {
  const { clock, config } = ports;
  const until = Math.min(clock.monotonic() + config.clock.maxWaitMs, deadline);
  let believed = first.assessment.clock.believed;
  while (!believed && clock.monotonic() + clockPollMs <= until) {
    await clock.sleep(clockPollMs);
    believed = survey(ports, first.layout).assessment.clock.believed;
  }
}

function reportOnly(seen: Survey, decision: 'nothing-to-do' | 'refused', notes: readonly string[]): Outcome {
  const reasons = seen.assessment.health.reasons.map(({ code, id, message }): PlanReason => ({ code, id, message }));
  return { decision, generation: undefined, origin: undefined, reasons, changed: [], notes, survey: seen };
}
