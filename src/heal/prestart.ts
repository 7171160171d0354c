import type { Finding } from '../assess/assessment.ts';
import type { Layout } from '../layout/layout.ts';
import type { Plan } from '../plan/plan.ts';
import { afterAssessment } from '../state/transitions.ts';
import { worthSaving } from '../state/worth-saving.ts';
import { ownPaths } from '../disk/own-paths.ts';
import { isSomethingLeftBehind } from '../survey/left-behind.ts';
import { unchanged, type Outcome } from '../session/outcome.ts';
import type { Ports } from '../survey/ports.ts';
import { clockBelief, survey, type Survey } from '../survey/survey.ts';

/** How often a suspect clock is looked at again while the boot hook waits for it. */
const clockPollMs = 1000;
/**
 * How long the boot hook waits for another certmend before it lets the service start without it: for a person's command,
 * or for a check of the daemon, which takes half a minute on a board that is slow and busy.
 */
const lockWaitMs = 40_000;

/** /usr/bin/certmend ends the hook 75 s after it was started; one second for the start of the runtime. */
const endedAfterMs = 74_000;

/**
 * The boot hook's whole job (architecture, The boot hook): look; when nothing is due, touch nothing and load nothing; else carry out the
 * plan under the lock.
 *
 * @param layout given when it is known already (a rehearsal)
 * @throws CertmendError for what it could not do; the command lets the unit start all the same (P1)
 */
export async function prestart(ports: Ports, layout?: Layout): Promise<Outcome> {
  const started = ports.clock.monotonic();
  const deadline = started + ports.config.boot.deadlineMs;
  const first = await survey(ports, layout);
  if (!ports.config.boot.enabled) return reportOnly(first, ports);
  if (!needsHands(first, ports)) return asBefore(first, ports);
  await waitForClock(ports, first, deadline);
  const { carryOut } = await import('./carry-out.ts');
  const remainingMs = Math.max(0, deadline - ports.clock.monotonic());
  return carryOut(ports, {
    layout: first.layout,
    lockWaitMs: Math.min(lockWaitMs, remainingMs),
    deadline,
    endedAt: started + endedAfterMs,
  });
}

/** True when there is something to do, to recover or to remember: everything else stays read-only and unlocked. */
export function needsHands(seen: Survey, ports: Ports): boolean {
  const { loaded, inventory, assessment } = seen;
  return (
    assessment.findings.some(asksForHands) ||
    ports.repairBootstrap ||
    inventory.stray.length > 0 ||
    ports.reader.stat(ownPaths.journal).state !== 'absent' ||
    isSomethingLeftBehind(ports.reader) ||
    loaded.kind !== 'loaded' ||
    worthSaving(loaded.state, afterAssessment(loaded.state, seen), assessment.now)
  );
}

function asksForHands({ answer, blocked }: Finding): boolean {
  if (blocked?.takenAway === true) return true;
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

/**
 * A suspect clock often becomes right within seconds of a boot, when the time service answers (P5, architecture, Clock).
 * Only the clock is asked: what it is compared with was on the node at the first look.
 */
async function waitForClock(ports: Ports, first: Survey, deadline: number): Promise<void> {
  const { clock, config } = ports;
  const until = Math.min(clock.monotonic() + config.clock.maxWaitMs, deadline);
  let believed = first.assessment.clock.believed;
  while (!believed && clock.monotonic() + clockPollMs <= until) {
    await clock.sleep(clockPollMs);
    ({ believed } = clockBelief(ports, first, clock.now()));
  }
}

/**
 * A node that needs no hands is fine, or is one that a person has to help and that was told so before: the decision is
 * made again, and is the same, at every start. Nothing is recorded twice.
 */
async function asBefore(seen: Survey, ports: Ports): Promise<Outcome> {
  if (seen.assessment.findings.every(({ answer }) => answer !== 'operator')) return unchanged(nothing, seen);
  const { foresee } = await import('../survey/foresee.ts');
  const { plan } = await foresee(ports, { seen });
  return unchanged(plan, seen);
}

/** With `boot.enabled: false` the plan is told, and refused when it would change the node. */
async function reportOnly(seen: Survey, ports: Ports): Promise<Outcome> {
  const { foresee } = await import('../survey/foresee.ts');
  const { plan } = await foresee(ports, { seen });
  const isCutOff = ports.reader.stat(ownPaths.journal).state !== 'absent';
  if (plan.actions.length === 0 && !isCutOff) return unchanged(plan, seen);
  const note = 'boot.enabled is false in the configuration: report only, nothing was changed';
  return unchanged({ ...plan, decision: 'refused' }, seen, [note]);
}

export const nothing: Plan = { decision: 'nothing-to-do', actions: [], reasons: [], source: { kind: 'none' } };
