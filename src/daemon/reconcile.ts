import { CertmendError } from '../error.ts';
import { keepStandby } from '../heal/prepare-standby.ts';
import type { Ports } from '../survey/ports.ts';
import type { Session } from '../session/session.ts';
import { withSession } from '../session/with-session.ts';
import type { Survey } from '../survey/survey.ts';
import { bounded, type State } from '../state/state.ts';
import { withTold } from '../state/transitions.ts';
import { healthNews, knownFrom, toldFrom, type KnownHealth } from './health-news.ts';

/** What one check came to. */
export type Check =
  | {
      readonly kind: 'checked';
      readonly survey: Survey;
      readonly state: State;
      /** Health as it was told before this check. */
      readonly before: KnownHealth;
      /** Health as it was told, for the next check to compare with. */
      readonly known: KnownHealth;
      readonly healthChanged: boolean;
      /** Why there is no good standby; undefined when there is one, or when none is wanted. */
      readonly standbyProblem: string | undefined;
      /** The standby is left to a check that follows soon. */
      readonly isStandbyPostponed: boolean;
    }
  /** The product is not installed, or was never started: nothing to look after yet. */
  | { readonly kind: 'waiting'; readonly reason: string; readonly survey: Survey | undefined };

const lockWaitMs = 2000;

/**
 * One turn of the daemon's loop: recover, look, adopt what others changed, keep the standby, tell what is new, save.
 *
 * @param before health and standby problem as the last check told them; health is undefined at the first one
 * @param announces whether a change of health is still to be told to the program of notify.exec
 * @param seen called with what was found, before a standby is made: that may take a minute on a slow board
 * @throws CertmendError LockHeld (try again), StateNewer, Storage…
 */
export async function reconcile(
  ports: Ports,
  before: { readonly known: KnownHealth | undefined; readonly standbyProblem: string | undefined },
  announces: boolean,
  seen: (state: State) => Promise<void>,
): Promise<Check> {
  try {
    return await withSession(ports, { lockWaitMs }, async (session) => {
      if (isUntouched(session.survey)) {
        return {
          kind: 'waiting',
          reason: `no certificates below ${session.survey.layout.dataDir} yet`,
          survey: session.survey,
        };
      }
      const isFirst = before.known === undefined;
      const known = before.known ?? knownFrom(session.state().told);
      const toldBefore = isFirst ? standbyProblemTold(session.state()) : before.standbyProblem;
      // After a long sleep the boot hook starts beside the daemon, and the node waits for the hook: the lock is its.
      const isStandbyPostponed = isFirst && isDue(session.survey);
      if (!isStandbyPostponed) await seen(session.state());
      const standbyProblem = isStandbyPostponed ? toldBefore : await upkeep(session, toldBefore);
      const news = healthNews(known, session.survey.assessment.health, session.survey.assessment.findings);
      for (const record of news.records) session.tell(record);
      // With a program to be run it is told only when that has run: a daemon that is ended in between tells it again.
      if (news.changed && !announces) session.remember((state) => withTold(state, toldFrom(news.known)));
      session.save();
      return {
        kind: 'checked',
        survey: session.survey,
        state: session.state(),
        before: known,
        known: news.known,
        healthChanged: news.changed,
        standbyProblem,
        isStandbyPostponed,
      };
    });
  } catch (error) {
    if (error instanceof CertmendError && error.code === 'NodeNotFound')
      return { kind: 'waiting', reason: error.message, survey: undefined };
    throw error;
  }
}

/** The set that is live is to be replaced as a whole at the next start of the service. */
function isDue({ assessment }: Survey): boolean {
  return assessment.findings.some(({ answer }) => answer === 'rotate');
}

/** Why there was no standby when that was last told; undefined when one was made since. */
function standbyProblemTold({ events }: State): string | undefined {
  const last = events.findLast(
    ({ event, code }) => event === 'standby-prepared' || (event === 'failed' && code === 'StandbyMissing'),
  );
  return last?.event === 'failed' ? last.message : undefined;
}

/** A product that was installed and never started has none of its files; to call each of them missing helps nobody. */
function isUntouched({ inventory }: Survey): boolean {
  return inventory.items.every((item) => {
    switch (item.kind) {
      case 'leaf':
      case 'authority':
        return item.certificateFile.state === 'absent';
      case 'listener':
      case 'kubeconfig':
      case 'key':
      case 'document':
        return true;
    }
  });
}

/** A node without a standby is well: the boot hook issues afresh. So what stands in the way is told, once, and no more. */
async function upkeep(session: Session, toldBefore: string | undefined): Promise<string | undefined> {
  if (!session.ports.config.standby.enabled) return undefined;
  try {
    await keepStandby(session);
    return undefined;
  } catch (error) {
    if (!(error instanceof CertmendError)) throw error;
    // As the state keeps it: cut at its bound.
    if (bounded(error.message) !== toldBefore) {
      session.tell({
        event: 'failed',
        priority: 'warning',
        reason: 'StandbyMissing',
        message: error.message,
        hint: error.hint,
      });
    }
    return bounded(error.message);
  }
}
