import { filesOf } from '../../activate/change-set.ts';
import { CertmendError, exitStatus } from '../../error.ts';
import type { LeafItem } from '../../inventory/inventory.ts';
import type { Layout } from '../../layout/layout.ts';
import { renewableAgentPart } from '../../plan/decide-live.ts';
import { unfit } from '../../plan/decide-renewal.ts';
import type { SaidReason } from '../../reason.ts';
import { firstEnd } from '../../assess/row.ts';
import { listed } from '../../assess/figures.ts';
import type { Outcome } from '../../session/outcome.ts';
import { withRecovery } from '../../session/recovery.ts';
import type { Session } from '../../session/session.ts';
import { withSession } from '../../session/with-session.ts';
import type { StateRenewal } from '../../state/state.ts';
import { afterCommit, withAgentRenewal } from '../../state/transitions.ts';
import type { Ports } from '../../survey/ports.ts';
import { survey, type Survey } from '../../survey/survey.ts';
import { rfc3339 } from '../../time/rfc3339.ts';
import { parseCertificates } from '../../x509/certificate.ts';
import { journalPending } from '../../commit/journal.ts';
import { afterwards } from '../execute.ts';
import type { Watched } from '../watch-service.ts';
import { askForCertificates, type SignedAnswer } from './ask-for-certificates.ts';
import { forgetKept, keep, putKept } from './kept-certificates.ts';
import { outlasting, proveAnswers, tryClients } from './prove-answers.ts';

const lockWaitMs = 5000;

/** New certificates of the agent part are live, and it is not known yet whether the node is well with them. */
export interface OpenAgentRenewal {
  readonly outcome: Outcome;
  readonly renewal: StateRenewal;
  readonly watched: Watched;
}

/**
 * Renews the agent part while the service runs: a server of the cluster signs new certificates for the keys that are here,
 * they are proven, and replace the present ones in one commit. The network is asked without the lock.
 *
 * @param request.ids leaf entries of the agent part; empty means all that can be renewed
 * @param request.reason undefined when a person asks
 * @throws CertmendError ServerUnavailable (75), ServerRefused, RenewalUnfit, VerificationFailed (77), …; nothing was changed
 */
export async function renewAgentPart(
  ports: Ports,
  layout: Layout,
  request: {
    readonly ids: readonly string[];
    readonly phase: StateRenewal['phase'];
    readonly reason?: SaidReason | undefined;
  },
): Promise<OpenAgentRenewal> {
  const seen = await survey(ports, layout);
  const items = chosen(seen, request.ids);
  const end = firstEnd(
    seen.assessment,
    items.map(({ entry }) => entry.id),
  );
  try {
    const signed = await askForCertificates(ports, seen, items);
    const answers = outlasting(signed);
    const kept = signed.filter((answer) => !answers.includes(answer)).map(({ item }) => item.entry.id);
    const handshakes = await proveAnswers(ports, seen, answers);
    const notes = [
      ...kept.map((id) => `${id} was left as it is: what a server signs now would expire before it`),
      ...(await tryClients(ports, seen, answers)),
    ];
    return await withSession(ports, { layout, lockWaitMs }, (session) => {
      requireSame(seen, session.survey, answers);
      return makeAgentLive(session, answers, { ...request, end, notes, handshakes });
    });
  } catch (error) {
    if (error instanceof CertmendError && error.code !== 'LockHeld')
      await rememberFailed(ports, layout, { at: seen.assessment.now, end, phase: request.phase });
    throw error;
  }
}

/** @throws CertmendError RenewalUnfit */
function chosen({ inventory, assessment, layout }: Survey, ids: readonly string[]): readonly LeafItem[] {
  const { clock } = assessment;
  if (!clock.believed) throw unfit(`the clock is not believed: ${clock.evidence[0] ?? clock.verdict}`);
  const able = renewableAgentPart(inventory);
  const [stranger] = ids.filter((id) => !able.some(({ entry }) => entry.id === id));
  if (stranger !== undefined) {
    throw unfit(
      `${stranger} has no key and certificate here that a server could renew; ${layout.product} recreates it when ${layout.unit} starts`,
      stranger,
    );
  }
  const items = ids.length === 0 ? able : able.filter(({ entry }) => ids.includes(entry.id));
  if (items.length === 0) throw unfit('there is no certificate of the agent part here that a server could renew');
  return items;
}

interface Attempt {
  readonly phase: StateRenewal['phase'];
  readonly end: number | undefined;
}

async function makeAgentLive(
  session: Session,
  answers: readonly SignedAnswer[],
  request: Attempt & {
    readonly reason?: SaidReason | undefined;
    readonly notes: readonly string[];
    readonly handshakes: number;
  },
): Promise<OpenAgentRenewal> {
  const { ports, survey: seen, write } = session;
  const { layout, assessment } = seen;
  const ids = answers.map(({ item }) => item.entry.id);
  const reason: SaidReason = request.reason ?? {
    code: 'OperatorRequest',
    id: ids[0],
    message: `an operator requested a renewal of ${listed(ids)}, with the same keys`,
  };
  const { now: at } = assessment;
  const answered = [...(seen.served?.keys() ?? [])].filter((port) =>
    answers.some(({ item }) => item.entry.port === port),
  );
  const renewal: StateRenewal = {
    ...newRenewal({ ...request, at }),
    invocation: ports.unitRun(layout.unit)?.invocation ?? null,
    outcome: 'watching',
    answered,
  };
  await write.audit.ready();
  session.tell({
    event: 'decided',
    priority: 'notice',
    reason: reason.code,
    entry: reason.id,
    message: `renew the agent part: ${reason.message}; signed by a server of the cluster`,
  });
  const proven = `${String(ids.length)} certificates of the agent part were signed by a server and proven by ${String(request.handshakes)} TLS handshakes`;
  session.tell({ event: 'verified', priority: 'info', message: proven });
  forgetKept(ports.reader, write);
  session.remember((state) => withAgentRenewal(state, renewal));
  session.begin({ reason: reason.code, byItself: request.reason !== undefined });
  const { changed, warnings } = commitAgentPart(session, answers, renewal);
  const notes = [...request.notes, ...warnings];
  for (const note of notes) session.tell({ event: 'verified', priority: 'warning', message: note });
  const undone = await afterwards(session);
  const outcome: Outcome = {
    decision: 'rotated',
    generation: undefined,
    origin: undefined,
    reasons: [reason],
    left: [],
    changed,
    notes: [...notes, ...undone],
    survey: seen,
  };
  return {
    outcome: withRecovery(outcome, session.recovered),
    renewal,
    watched: { layout, answered, well: [], ids },
  };
}

function commitAgentPart(
  session: Session,
  answers: readonly SignedAnswer[],
  renewal: StateRenewal,
): { readonly changed: readonly string[]; readonly warnings: readonly string[] } {
  const { ports, survey: seen, write } = session;
  try {
    keep(
      ports.reader,
      write,
      'old',
      answers.map(({ item }) => ({ item, bytes: liveBytes(item) })),
    );
    keep(
      ports.reader,
      write,
      'new',
      answers.map(({ item, certificatePem: bytes }) => ({ item, bytes })),
    );
    const changes = answers.flatMap(
      ({ item, certificatePem }) => putKept('new', item, certificatePem, seen.inventory) ?? [],
    );
    const done = session.commit({
      transaction: session.transaction(0, undefined, 'nothing'),
      changes,
      after: (state) => withAgentRenewal(afterCommit(state, commitFacts(seen)), renewal),
    });
    tellCommitted(session, answers);
    return done;
  } catch (error) {
    // With a journal something may go live yet, and the state goes on to say that there is something to watch.
    if (!journalPending(ports.reader))
      session.remember((state) => withAgentRenewal(state, { ...renewal, outcome: 'failed' }));
    session.abandon();
    throw error;
  }
}

/** No set goes live with the agent part, and nothing of the day's budget is used. */
export function commitFacts({ assessment }: Survey): Parameters<typeof afterCommit>[1] {
  return { at: assessment.now, active: undefined, previous: undefined, counts: 'nothing' };
}

function tellCommitted(session: Session, answers: readonly SignedAnswer[]): void {
  const message = `the agent part was renewed: ${listed(answers.map(({ item }) => item.entry.id))}`;
  session.tell({ event: 'committed', priority: 'notice', message });
  const fingerprintOf = (pem: Buffer): string | undefined => {
    const read = parseCertificates(pem);
    return read.ok ? read.value[0]?.fingerprint256 : undefined;
  };
  session.write.audit.record({
    event: 'issued',
    priority: 'info',
    changes: answers.map(({ item, certificatePem }) => ({
      entry: item.entry.id,
      path: item.entry.certificatePath,
      fingerprintOld: fingerprintOf(liveBytes(item)),
      fingerprintNew: fingerprintOf(certificatePem),
    })),
    message: `${String(answers.length)} certificates of the agent part replaced`,
  });
}

/** What was proven without the lock was proven of the pairs and authorities of that look. @throws CertmendError ExternalChange */
function requireSame(then: Survey, now: Survey, answers: readonly SignedAnswer[]): void {
  const ids = new Set(answers.flatMap(({ item: { entry } }) => [entry.id, entry.issuer]));
  const [before, after] = [then, now].map(({ inventory: { items } }) =>
    filesOf(items.filter(({ entry }) => ids.has(entry.id))),
  );
  for (const [path, file] of before ?? []) {
    const other = after?.get(path);
    if (file.state === 'regular' && other?.state === 'regular' && file.sha256 === other.sha256) continue;
    throw new CertmendError(
      'ExternalChange',
      `${path} was changed by someone else while a server was asked; nothing was changed`,
      { exit: exitStatus.tryAgain, hint: 'run the command again: it will decide on the files as they are now' },
    );
  }
}

function liveBytes({ certificateFile }: LeafItem): Buffer {
  return certificateFile.state === 'regular' ? certificateFile.bytes : Buffer.alloc(0);
}

function newRenewal({ phase, end, at }: Attempt & { readonly at: number }): StateRenewal {
  return {
    generation: null,
    at: rfc3339(at),
    invocation: null,
    phase,
    end: end === undefined ? null : rfc3339(end),
    outcome: 'failed',
    answered: [],
    well: [],
    heldUntil: null,
  };
}

/** So that the next attempt waits a while; that it could not be remembered is no news beside why it failed. */
async function rememberFailed(ports: Ports, layout: Layout, attempt: Attempt & { readonly at: number }): Promise<void> {
  try {
    await withSession(ports, { layout, lockWaitMs }, (session) => {
      const before = session.state().agentRenewal;
      // A person's failed attempt does not make the daemon forget what it has taken back, nor an open journal's renewal.
      const isKept = before?.outcome === 'watching' || (before?.outcome === 'rolled-back' && attempt.phase === 'asked');
      if (!isKept) session.remember((state) => withAgentRenewal(state, newRenewal(attempt)));
      session.save();
      return Promise.resolve();
    });
  } catch (error) {
    if (!(error instanceof CertmendError)) throw error;
  }
}
