import { CertmendError, exitStatus } from '../error.ts';
import type { Layout } from '../layout/layout.ts';
import type { Outcome } from '../session/outcome.ts';
import type { Session } from '../session/session.ts';
import { withSession } from '../session/with-session.ts';
import type { StateRenewal } from '../state/state.ts';
import { withRenewal } from '../state/transitions.ts';
import type { Ports } from '../survey/ports.ts';
import { isSameRun } from '../survey/service-run.ts';
import { bringBack } from './rollback.ts';
import { watchService, type Served, type Watched } from './watch-service.ts';

/** What came of a set that went live under a service that runs. */
export type Settled =
  | { readonly is: 'confirmed'; readonly served: Served }
  /** The set before it is live again: something that was well before was not with it. */
  | { readonly is: 'rolled-back'; readonly served: Served; readonly outcome: Outcome }
  /** The service was stopped or started anew meanwhile: what fell silent did so for that, and the new set stays. */
  | { readonly is: 'unconfirmed'; readonly served: Served }
  /** Certmend was told to stop while it watched: the daemon's next check goes on with it. */
  | { readonly is: 'open' };

/**
 * The gate of a renewal (P12): watches what was well before it, without the lock, so that a boot hook need not wait for
 * this. Then the set is confirmed, or the one before it comes back, once.
 *
 * @param renewal as the state has it
 * @param stopping aborts the watch; the state then still says that it is open
 * @throws CertmendError ExternalChange when another set went live meanwhile, GenerationDamaged when the old one cannot come back
 */
export async function settleRenewal(
  ports: Ports,
  layout: Layout,
  settled: { readonly renewal: StateRenewal; readonly watched: Watched },
  stopping?: AbortSignal,
): Promise<Settled> {
  const { renewal, watched } = settled;
  const served = await watchService(ports, watched, stopping);
  if (served === undefined) return { is: 'open' };
  return withSession(ports, { layout, lockWaitMs: settleWaitMs }, async (session): Promise<Settled> => {
    const trouble = troubleOf(served) ?? notVerified(session, renewal);
    if (trouble === undefined) {
      confirm(session, renewal);
      return { is: 'confirmed', served };
    }
    if (wasStartedAnew(ports, layout, renewal)) {
      const unconfirmed = `${trouble}, but ${layout.unit} was stopped or restarted meanwhile`;
      if (renewal.generation !== null && isActive(session, renewal.generation))
        leaveUnconfirmed(session, renewal, unconfirmed);
      return { is: 'unconfirmed', served };
    }
    return { is: 'rolled-back', served, outcome: await takeBack(session, trouble, renewal) };
  });
}

/** Longer than any commit takes: what a renewal came to must not be lost because somebody else is at work. */
const settleWaitMs = 60_000;

function confirm(session: Session, renewal: StateRenewal): void {
  const { generation } = renewal;
  if (generation === null || !isActive(session, generation)) return;
  session.remember((state) => withRenewal(state, { ...renewal, outcome: 'confirmed' }));
  tellConfirmed(session, generation, 'everything that was healthy before still is');
}

export function isActive(session: Session, generation: number): boolean {
  return session.state().generations.active?.number === generation;
}

/** @param why a clause */
export function tellConfirmed(session: Session, generation: number, why: string): void {
  const message = `generation ${String(generation)} is confirmed: ${why}`;
  session.tell({ event: 'confirmed', priority: 'notice', generation, message });
  session.save();
}

/**
 * Nobody saw whether the node is well with the set: it stays, and what is ill from now on nobody takes back but a person.
 * @param why a clause
 */
export function leaveUnconfirmed(session: Session, renewal: StateRenewal, why: string): void {
  session.remember((state) => withRenewal(state, { ...renewal, outcome: 'unconfirmed' }));
  // Without a generation it was ended in the middle, and what recovery completed is the live one.
  const isLive = renewal.generation === null || isActive(session, renewal.generation);
  session.tell({
    event: 'unconfirmed',
    priority: 'warning',
    generation: renewal.generation ?? undefined,
    message: `whether the node is healthy with its last renewal was not seen to the end: ${why}; what is live stays`,
    hint: isLive
      ? 'see: certmend check; to restore the certificates before it: certmend rollback --yes'
      : 'see: certmend check',
  });
  session.save();
}

/** Whoever stops or restarts the service makes its ports silent: that says nothing of the certificates. That it died does. */
export function wasStartedAnew(ports: Ports, { unit }: Layout, renewal: StateRenewal): boolean {
  if (ports.serviceRunning(unit) === false) return true;
  const run = ports.unitRun(unit);
  if (run === undefined || run.afterDeath === true) return false;
  return renewal.invocation !== null && !isSameRun(run, renewal);
}

/** What was well before and is not now, as a clause; undefined when the node is not worse. */
export function troubleOf({ silent, ill, refused }: Served): string | undefined {
  const where = silent.map(({ port, consumer }) => `${String(port)} (${consumer})`).join(', ');
  const parts = [
    ...(silent.length === 0 ? [] : [`nothing answered in TLS on port ${where}`]),
    ...ill.map(({ port, consumer, problem }) => `${consumer} was no longer healthy (port ${String(port)} ${problem})`),
    ...refused.map(
      ({ id, port, consumer, problem }) =>
        `the certificate of ${id}, which ${consumer} uses, was no longer accepted (port ${String(port)} ${problem})`,
    ),
  ];
  return parts.length === 0 ? undefined : `after the renewal ${parts.join('; ')}`;
}

/**
 * The live set is what was verified, or nobody knows what it is: whoever has not read it yet may not get over it. What
 * somebody else has put there whole has been adopted, and is no set of certmend's any more.
 */
function notVerified(session: Session, { generation }: StateRenewal): string | undefined {
  const { survey, store } = session;
  if (generation === null || !isActive(session, generation)) return undefined;
  const verified = new Map(store.manifest(generation)?.files.map(({ path, sha256 }) => [path, sha256]));
  for (const item of survey.inventory.items) {
    if (item.kind !== 'leaf' || item.certificateFile.state !== 'regular') continue;
    const sha256 = verified.get(item.entry.certificatePath);
    if (sha256 !== undefined && sha256 !== item.certificateFile.sha256)
      return `after the renewal the certificate of ${item.entry.id} on disk is not the one that was verified`;
  }
  return undefined;
}

async function takeBack(session: Session, message: string, renewal: StateRenewal): Promise<Outcome> {
  const { active } = session.state().generations;
  if (active?.number !== renewal.generation) {
    throw new CertmendError('ExternalChange', `${message}; another set went live in the meantime and was left alone`, {
      exit: exitStatus.tryAgain,
      hint: 'see: certmend check, certmend generations',
    });
  }
  const outcome = await bringBack(session, {
    why: { code: 'RenewalRolledBack', id: undefined, message },
    whileRunning: true,
    also: (state) => withRenewal(state, { ...renewal, outcome: 'rolled-back' }),
  });
  session.tell({
    event: 'rolled-back',
    priority: 'error',
    reason: 'RenewalRolledBack',
    generation: outcome.generation,
    message: `${message}; the previous certificates were restored`,
    hint: 'check the log of that component; certmend check says what is served',
  });
  session.save();
  return outcome;
}
