import type { Change } from '../commit/change.ts';
import type { Manifest } from '../generation/generation.ts';
import type { Action, Plan, StandbyVerdict } from '../plan/plan.ts';
import type { MadeGeneration } from './make-generation.ts';
import type { Session } from './session.ts';

/** The audit records of the road, one per decision and one per change, in words an operator can act on. */
export const announce = { decided, verified, retired, standbyPrepared, quarantined, putBack, committed };

function decided(session: Session, plan: Plan): void {
  const [first, ...others] = plan.reasons;
  const count = others.length === 1 ? '1 more reason' : `${String(others.length)} more reasons`;
  const more = others.length === 0 ? '' : ` (and ${count})`;
  session.tell({
    event: 'decided',
    priority: 'notice',
    reason: first?.code,
    entry: first?.id,
    message: `${plan.decision}: ${first?.message ?? 'requested by an operator'}${more}${sourceClause(plan)}`,
  });
}

function sourceClause({ source }: Plan): string {
  switch (source.kind) {
    case 'standby':
    case 'previous':
      return `; from the ${source.kind} generation ${String(source.generation)}`;
    case 'issue':
      return '; with new certificates';
    // A kubeconfig that is written again, a file that is taken away: there is no material to name.
    case 'none':
      return '';
  }
}

function verified(session: Session, made: MadeGeneration): void {
  const { number } = made.manifest;
  session.tell({
    event: 'verified',
    priority: 'info',
    generation: number,
    message: proofSentence(made),
  });
  for (const note of made.notes)
    session.tell({ event: 'verified', priority: 'warning', generation: number, message: note });
}

/** A set of kubeconfigs alone has nothing to shake hands with, and no end. */
function proofSentence({ manifest, handshakes }: MadeGeneration): string {
  const { number, notAfter, files } = manifest;
  const name = `generation ${String(number)}`;
  const certificates = files.filter(({ role }) => role === 'certificate').length;
  if (certificates === 0) return `${name} holds ${String(files.length)} kubeconfig files, read back from disk`;
  const proven =
    handshakes === 0 ? 'checked against its authorities' : `proven by ${String(handshakes)} TLS handshakes`;
  return `${name} was issued, read back from disk and ${proven}: ${counted(certificates)}, good until ${notAfter}`;
}

function counted(certificates: number): string {
  return certificates === 1 ? '1 certificate' : `${String(certificates)} certificates`;
}

function retired(session: Session, generation: number, problem: string): void {
  session.remember((state) =>
    state.generations.standby?.number === generation
      ? { ...state, generations: { ...state.generations, standby: null } }
      : state,
  );
  session.tell({
    event: 'standby-retired',
    priority: 'warning',
    reason: 'StandbyInvalid',
    generation,
    message: `generation ${String(generation)} cannot go live: ${problem}; a fresh set is issued instead`,
  });
}

function standbyPrepared(session: Session, made: MadeGeneration, before: StandbyVerdict): void {
  const { number, notAfter } = made.manifest;
  session.tell({
    event: 'standby-prepared',
    priority: 'notice',
    reason: standbyReason[before.state],
    generation: number,
    message: `standby generation ${String(number)} is ready: proven by ${String(made.handshakes)} TLS handshakes, good until ${notAfter}`,
  });
}

const standbyReason = {
  missing: 'StandbyMissing',
  invalid: 'StandbyInvalid',
  stale: 'StandbyStale',
  ready: undefined,
} as const;

function quarantined(session: Session, action: Action & { kind: 'quarantine' }, kept: string): void {
  session.tell({
    event: 'quarantined',
    priority: 'notice',
    reason: action.reason,
    entry: action.id,
    path: action.path,
    message: `${action.path} is kept as ${kept} before it is removed (${action.reason})`,
  });
}

function putBack(session: Session, path: string): void {
  session.tell({
    event: 'quarantined',
    priority: 'warning',
    path,
    message: `${path} was restored: the change that it was moved away for was not made`,
  });
}

function liveSentence({ number, notAfter, files }: Manifest, changed: readonly string[]): string {
  const certificates = files.filter(({ role, path }) => role === 'certificate' && changed.includes(path)).length;
  const name = `generation ${String(number)} is live`;
  return certificates === 0
    ? `${name}: ${changed.join(', ')} written`
    : `${name}: ${counted(certificates)} replaced, good until ${notAfter}`;
}

function committed(
  session: Session,
  result: {
    readonly plan: Plan;
    readonly changes: readonly Change[];
    readonly changed: readonly string[];
    readonly warnings: readonly string[];
    readonly manifest: Manifest | undefined;
  },
): void {
  const { manifest, changed, changes, plan } = result;
  const [first] = plan.reasons;
  session.tell({
    event: 'committed',
    priority: 'notice',
    reason: first?.code,
    generation: manifest?.number,
    message: manifest === undefined ? `${String(changed.length)} files changed` : liveSentence(manifest, changed),
  });
  const live = new Map(
    session.survey.assessment.rows.map(({ path, fingerprint256 }) => [path, fingerprint256] as const),
  );
  const replaced = (manifest?.files ?? [])
    .filter(({ role, path }) => role === 'certificate' && changed.includes(path))
    .map(({ id, path, fingerprint256 }) => ({
      entry: id,
      path,
      fingerprintOld: live.get(path),
      fingerprintNew: fingerprint256,
    }));
  if (replaced.length > 0) {
    session.write.audit.record({
      event: 'issued',
      priority: 'info',
      reason: first?.code,
      generation: manifest?.number,
      changes: replaced,
      message: `${counted(replaced.length)} replaced: ${replaced.map(({ entry }) => entry).join(', ')}`,
    });
  }
  for (const change of changes) {
    if (change.op === 'put' && change.source === null && changed.includes(change.path)) {
      session.tell({
        event: 'listener-regeneration-requested',
        priority: 'notice',
        entry: change.id,
        path: change.path,
        reason: 'ListenerRegenerationPending',
        message: `${change.path} was created: the service issues a new listener certificate when it starts`,
      });
    }
  }
  for (const file of manifest?.files ?? []) {
    if (file.role === 'kubeconfig' && changed.includes(file.path)) {
      session.tell({
        event: 'kubeconfig-written',
        priority: 'notice',
        reason: plan.actions.find(({ kind, id }) => kind === 'write-kubeconfig' && id === file.id)?.reason,
        entry: file.id,
        path: file.path,
        message: `${file.path} was rewritten`,
      });
    }
  }
  for (const warning of result.warnings) session.tell({ event: 'failed', priority: 'warning', message: warning });
}
