import { journalPending } from '../../commit/journal.ts';
import type { LeafItem } from '../../inventory/inventory.ts';
import type { Layout } from '../../layout/layout.ts';
import { isOfAgentPart } from '../../layout/written-files.ts';
import type { Session } from '../../session/session.ts';
import { withSession } from '../../session/with-session.ts';
import type { StateRenewal } from '../../state/state.ts';
import { afterCommit, withAgentRenewal } from '../../state/transitions.ts';
import type { Ports } from '../../survey/ports.ts';
import { afterwards } from '../execute.ts';
import { troubleOf, wasStartedAnew } from '../settle-renewal.ts';
import { watchService, type Served, type Watched } from '../watch-service.ts';
import { keptPath, putKept } from './kept-certificates.ts';
import { verifyPairs } from './prove-answers.ts';
import { commitFacts } from './renew-agent-part.ts';

/** Longer than any commit takes: what a renewal came to must not be lost because somebody else is at work. */
const settleWaitMs = 60_000;

export type SettledAgentPart =
  | { readonly is: 'confirmed' | 'rolled-back' | 'unconfirmed'; readonly served: Served }
  /** Certmend was told to stop while it watched: the daemon's next check goes on with it. */
  | { readonly is: 'open' };

/**
 * Watches the ports of the agent part that answered before its renewal. When one falls silent under the same start of the
 * service, the certificates before it come back, once; what the API server says of the new ones was asked before.
 */
export async function settleAgentPart(
  ports: Ports,
  layout: Layout,
  { renewal, watched }: { readonly renewal: StateRenewal; readonly watched: Watched },
  stopping?: AbortSignal,
): Promise<SettledAgentPart> {
  const served = await watchService(ports, watched, stopping);
  if (served === undefined) return { is: 'open' };
  const trouble = troubleOf(served);
  return withSession(ports, { layout, lockWaitMs: settleWaitMs }, async (session): Promise<SettledAgentPart> => {
    const known = session.state().agentRenewal;
    // A person's command and the daemon may watch the same one: who is first has the word.
    if (known?.outcome !== 'watching' || known.at !== renewal.at) {
      const is = known?.at === renewal.at ? known.outcome : 'unconfirmed';
      return { is: is === 'confirmed' || is === 'rolled-back' ? is : 'unconfirmed', served };
    }
    if (trouble === undefined) {
      confirm(session, renewal);
      return { is: 'confirmed', served };
    }
    // Whoever stops or restarts the service makes its ports silent, and it has made its own certificates since.
    if (wasStartedAnew(ports, layout, renewal)) {
      leaveUnconfirmed(session, renewal, `${trouble}, but ${layout.unit} was stopped or restarted meanwhile`);
      return { is: 'unconfirmed', served };
    }
    return { is: await takeBack(session, renewal, trouble), served };
  });
}

function confirm(session: Session, renewal: StateRenewal): void {
  session.remember((state) => withAgentRenewal(state, { ...renewal, outcome: 'confirmed' }));
  const message = 'the renewal of the agent part is confirmed: everything that answered before still does';
  session.tell({ event: 'confirmed', priority: 'notice', message });
  session.save();
}

/** @param why a clause */
export function leaveUnconfirmed(session: Session, renewal: StateRenewal, why: string): void {
  session.remember((state) => withAgentRenewal(state, { ...renewal, outcome: 'unconfirmed' }));
  session.tell({
    event: 'unconfirmed',
    priority: 'warning',
    message: `whether the node is healthy with the last renewal of its agent part was not seen to the end: ${why}; what is live stays`,
    hint: 'see: certmend check; a restart of the service recreates the agent part',
  });
  session.save();
}

/**
 * @param trouble a clause
 * @returns `unconfirmed` when what was there before is not there any more, or is worse by now: then what is live stays
 */
export async function takeBack(
  session: Session,
  renewal: StateRenewal,
  trouble: string,
): Promise<'rolled-back' | 'unconfirmed'> {
  const { ports, survey: seen } = session;
  const back = agentPart(session).flatMap((item) => {
    const old = ports.reader.readOwn(keptPath('old', item));
    // Only what still is as the renewal left it: what somebody else has put there since is theirs.
    return old.state === 'regular' && isAsRenewed(ports, item) ? [{ item, bytes: old.bytes }] : [];
  });
  const problem = await whyNotBack(session, back);
  if (problem !== undefined) {
    leaveUnconfirmed(session, renewal, `${trouble}, but ${problem}`);
    return 'unconfirmed';
  }
  const changes = back.flatMap(({ item, bytes }) => putKept('old', item, bytes, seen.inventory) ?? []);
  await session.write.audit.ready();
  // Said before: a recovery that completes this must not find a renewal that may be tried again.
  session.remember((state) => withAgentRenewal(state, { ...renewal, outcome: 'rolled-back' }));
  try {
    session.begin({ reason: 'RenewalRolledBack', byItself: false });
    session.commit({
      transaction: session.transaction(0, undefined, 'nothing'),
      changes,
      after: (state) => afterCommit(state, commitFacts(seen)),
    });
  } catch (error) {
    if (!journalPending(ports.reader)) session.remember((state) => withAgentRenewal(state, renewal));
    session.abandon();
    throw error;
  }
  session.tell({
    event: 'rolled-back',
    priority: 'error',
    reason: 'RenewalRolledBack',
    message: `${trouble}; the previous certificates of the agent part were restored`,
    hint: `check the log of that component; systemctl restart ${seen.layout.unit} recreates the agent part`,
  });
  await afterwards(session);
  return 'rolled-back';
}

/** What comes back is proven as everything that goes live is (P4): it may have expired meanwhile. @returns a clause */
async function whyNotBack(
  { ports, survey: seen }: Session,
  back: readonly { readonly item: LeafItem; readonly bytes: Buffer }[],
): Promise<string | undefined> {
  if (back.length === 0) return 'the certificates before it are not there any more';
  const verdict = await verifyPairs(
    ports,
    seen,
    back.map(({ item, bytes }) => ({ item, certificatePem: bytes })),
  );
  if (verdict.ok) return undefined;
  const [first] = verdict.failures;
  return `the certificates before it cannot be restored${first === undefined ? '' : ` (${first.id}: ${first.message})`}`;
}

export function agentPart({ survey: { inventory } }: Pick<Session, 'survey'>): readonly LeafItem[] {
  return inventory.items.filter((item): item is LeafItem => item.kind === 'leaf' && isOfAgentPart(item.entry));
}

/** Is the live certificate the one that the last renewal put there? */
export function isAsRenewed({ reader }: Pick<Ports, 'reader'>, item: LeafItem): boolean {
  const kept = reader.readOwn(keptPath('new', item));
  return (
    kept.state === 'regular' && item.certificateFile.state === 'regular' && kept.sha256 === item.certificateFile.sha256
  );
}
