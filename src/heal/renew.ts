import { CertmendError, exitStatus } from '../error.ts';
import { decideRenewal } from '../plan/decide-renewal.ts';
import type { Outcome } from '../session/outcome.ts';
import { withRecovery } from '../session/recovery.ts';
import type { Session } from '../session/session.ts';
import { telling } from '../session/telling.ts';
import { withSession } from '../session/with-session.ts';
import type { Ports } from '../survey/ports.ts';
import { findLayout, refuseWeakened, type Survey } from '../survey/survey.ts';
import { minute } from '../time/rfc3339.ts';
import { execute } from './execute.ts';
import { askComponents, type ComponentHealth } from './ask-components.ts';
import { bringBack } from './rollback.ts';
import { watchService, type Served } from './watch-service.ts';

const lockWaitMs = 5000;

/** What came of a renewal: the outcome of its commit, and what the service serves since. */
export interface Renewal {
  readonly outcome: Outcome;
  readonly served: Served;
  /** The old certificates are back: a port that had answered fell silent, or a component that was well is not. */
  readonly rolledBack: boolean;
}

/**
 * Renews certificates under the keys that are there, while the service runs: only certificate files change, each whole at
 * every instant (P12). Then watches the ports that answered before, and asks the components that were well; when one of
 * them falls silent or ill, the old set comes back by the same means, once.
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
      const health = await askComponents(ports, session.survey);
      const plan = decideRenewal({ ...session.survey, health: health.flatMap(illness) }, ids);
      const outcome = await execute(session, plan, { reuseKeys: true, byPerson: true, whileRunning: true });
      const notes = [...outcome.notes, ...readAtStart(session.survey, outcome.changed)];
      return { outcome: withRecovery({ ...outcome, notes }, session.recovered), before: session.survey, health, plan };
    });
    // Without the lock: should the service be started anew meanwhile, its boot hook must not wait for this.
    const { outcome, before, health, plan } = begun;
    const renewed = plan.actions.map(({ id }) => id);
    const served = await watchService(ports, { before, health, ids: renewed });
    const trouble = troubleOf(served);
    if (trouble === undefined) return { outcome, served, rolledBack: false };
    const back = await withSession(ports, { layout, lockWaitMs }, (session) =>
      takeBack(session, trouble, outcome.generation),
    );
    return { outcome: back, served, rolledBack: true };
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

/** What the node is worse for; undefined when it is not. */
function troubleOf({ silent, ill }: Served): string | undefined {
  const where = silent.map(({ port, consumer }) => `${String(port)} (${consumer})`).join(', ');
  const parts = [
    ...(silent.length === 0 ? [] : [`nobody answered in TLS any more on port ${where}`]),
    ...ill.map(({ port, consumer, problem }) => `${consumer} was not well any more (port ${String(port)} ${problem})`),
  ];
  return parts.length === 0 ? undefined : `after the renewal ${parts.join('; ')}`;
}

function illness({ port, consumer, answer }: ComponentHealth): readonly string[] {
  return answer.is === 'ill' ? [`${consumer} is not well (port ${String(port)} ${answer.problem})`] : [];
}

async function takeBack(session: Session, message: string, renewal: number | undefined): Promise<Outcome> {
  const { active } = session.state().generations;
  if (active?.number !== renewal) {
    throw new CertmendError('ExternalChange', `${message}; another set went live meanwhile, and was left alone`, {
      exit: exitStatus.tryAgain,
      hint: 'see: certmend check, certmend generations',
    });
  }
  return bringBack(session, { why: { code: 'RenewalRolledBack', id: undefined, message }, whileRunning: true });
}
