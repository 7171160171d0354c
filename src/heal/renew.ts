import { listed } from '../assess/figures.ts';
import { CertmendError, exitStatus } from '../error.ts';
import { writablePairs } from '../plan/pairs.ts';
import type { Plan } from '../plan/plan.ts';
import type { Outcome } from '../session/outcome.ts';
import { withRecovery } from '../session/recovery.ts';
import type { Session } from '../session/session.ts';
import { telling } from '../session/telling.ts';
import { withSession } from '../session/with-session.ts';
import type { Ports } from '../survey/ports.ts';
import { findLayout, refuseWeakened, type Survey } from '../survey/survey.ts';
import { minute } from '../time/rfc3339.ts';
import { minuteMs } from '../time/units.ts';
import { execute } from './execute.ts';
import { watchService, type Served } from './watch-service.ts';

const lockWaitMs = 5000;

/** The API server refuses a client at the old end of its certificate, whatever is on the disk: done well before (products 8). */
const leastLeftMs = 10 * minuteMs;

/** What came of a renewal: the outcome of its commit, and what the service serves since. */
export interface Renewal {
  readonly outcome: Outcome;
  readonly served: Served;
  /** The old certificates are back: a port that had answered fell silent. */
  readonly rolledBack: boolean;
}

/**
 * Renews certificates under the keys that are there, while the service runs: only certificate files change, each whole at
 * every instant (P12). Then watches the ports that answered before; when one of them falls silent, the old set comes
 * back by the same means, once.
 *
 * @param ids leaf entries; empty means every one that certmend may write
 * @throws CertmendError ServiceStopped, RenewalUnfit (exit 77), AuthorityUnusable, VerificationFailed, …; nothing was
 * changed then
 */
export async function renew(ports: Ports, ids: readonly string[]): Promise<Renewal> {
  const layout = findLayout(ports);
  refuseWeakened(layout);
  const words = ids.map((id) => ` ${id}`).join('');
  if (ports.serviceRunning(layout.unit) !== true) {
    throw new CertmendError('ServiceStopped', `${layout.unit} does not run here; nothing was changed`, {
      exit: exitStatus.refused,
      hint: `while it is stopped: certmend rotate --reuse-key${words} --yes`,
    });
  }
  return telling(ports, async () => {
    const begun = await withSession(ports, { layout, lockWaitMs }, async (session) => {
      const plan = renewalPlan(session.survey, ids);
      const outcome = await execute(session, plan, { reuseKeys: true, byPerson: true, whileRunning: true });
      const notes = [...outcome.notes, ...readAtStart(session.survey, outcome.changed)];
      return { outcome: withRecovery({ ...outcome, notes }, session.recovered), before: session.survey, plan };
    });
    // Without the lock: should the service be started anew meanwhile, its boot hook must not wait for this.
    const { outcome, before, plan } = begun;
    const renewed = plan.actions.map(({ id }) => id);
    const served = await watchService(ports, { before, ids: renewed });
    if (served.silent.length === 0) return { outcome, served, rolledBack: false };
    const back = await withSession(ports, { layout, lockWaitMs }, (session) =>
      takeBack(session, { ids: renewed, silent: served.silent, renewal: outcome.generation }),
    );
    return { outcome: back, served, rolledBack: true };
  });
}

/** @throws CertmendError RenewalUnfit when the node is not in a state in which a renewal could only make it better */
function renewalPlan(survey: Survey, ids: readonly string[]): Plan {
  const { inventory, now, clock, assessment, served, layout } = survey;
  if (!clock.believed) throw unfit(`the clock is not believed: ${clock.evidence[0] ?? clock.verdict}`);
  const damage = assessment.findings.find(({ answer }) => answer === 'repair');
  if (damage !== undefined) throw unfit(damage.message, damage.id);
  const pairs = writablePairs(inventory, now);
  for (const { entry, item } of pairs) {
    const leaf = item.certificates.ok ? item.certificates.value[0] : undefined;
    if (leaf === undefined || leaf.notAfter < now + leastLeftMs || leaf.notBefore > now)
      throw unfit(`the certificate of ${entry.id} is not valid, or not for ten minutes more`, entry.id);
  }
  const chosen = ids.length === 0 ? pairs : pairs.filter(({ entry }) => ids.includes(entry.id));
  const stuck = chosen.filter(({ issuable }) => !issuable);
  const [first] = stuck;
  if (first !== undefined) throw unfit(`${first.entry.issuer} cannot sign ${first.entry.id}`, first.entry.issuer);
  if (chosen.length === 0) throw unfit('there is no certificate on this node that certmend could renew');
  if (served === undefined || served.size === 0)
    throw unfit(`${layout.unit} runs, and nobody answers in TLS on any of its ports`);
  const message =
    ids.length === 0
      ? 'a person asked for a renewal of every leaf, under the same keys'
      : `a person asked for a renewal of ${listed(ids)}, under the same keys`;
  return {
    decision: 'rotate',
    source: { kind: 'issue' },
    reasons: [{ code: 'OperatorRequest', id: ids[0], message }],
    actions: chosen.map(({ entry }) => ({ kind: 'install', id: entry.id, reason: 'OperatorRequest' })),
  };
}

function unfit(problem: string, id?: string): CertmendError {
  return new CertmendError('RenewalUnfit', `not renewed while the service runs: ${problem}; nothing was changed`, {
    exit: exitStatus.refused,
    hint: id === undefined ? 'see: certmend doctor' : `see: certmend why ${id}`,
  });
}

/** What a renewal does not reach: who has read a certificate at its start goes on with that one. */
function readAtStart({ inventory, layout: { unit } }: Survey, changed: readonly string[]): readonly string[] {
  return inventory.items.flatMap((item): string[] => {
    if (item.kind !== 'leaf' || item.entry.readAtStartBy === undefined) return [];
    const { id, certificatePath, readAtStartBy } = item.entry;
    const leaf = item.certificates.ok ? item.certificates.value[0] : undefined;
    if (leaf === undefined || !changed.includes(certificatePath)) return [];
    return [
      `${readAtStartBy} keeps the certificate of ${id} that it read when it started: restart ${unit} before that one expires (the one that was replaced now: ${minute(leaf.notAfter)})`,
    ];
  });
}

async function takeBack(
  session: Session,
  {
    ids,
    silent,
    renewal,
  }: { readonly ids: readonly string[]; readonly silent: Served['silent']; readonly renewal: number | undefined },
): Promise<Outcome> {
  const { active, previous } = session.state().generations;
  const generation = previous?.number;
  const where = silent.map(({ port, consumer }) => `${String(port)} (${consumer})`).join(', ');
  const message = `after the renewal nobody answered in TLS any more on port ${where}`;
  if (active?.number !== renewal) {
    throw new CertmendError('ExternalChange', `${message}; another set went live meanwhile, and was left alone`, {
      exit: exitStatus.tryAgain,
      hint: 'see: certmend check, certmend generations',
    });
  }
  if (generation === undefined) {
    throw new CertmendError('GenerationUnknown', `${message}, and the set before it is not there`, {
      exit: exitStatus.refused,
      hint: `look into the log of the component, then: systemctl restart ${session.survey.layout.unit}`,
    });
  }
  return execute(
    session,
    {
      decision: 'rotate',
      source: { kind: 'previous', generation },
      reasons: [{ code: 'RenewalRolledBack', id: undefined, message }],
      actions: ids.map((id) => ({ kind: 'install', id, reason: 'RenewalRolledBack' })),
    },
    { reuseKeys: true, byPerson: true, whileRunning: true },
  );
}
