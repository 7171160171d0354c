import { createHash } from 'node:crypto';
import { changeSet, filesOf, storedFiles } from '../activate/change-set.ts';
import type { Change } from '../commit/change.ts';
import { journalPending } from '../commit/journal.ts';
import { CertmendError } from '../error.ts';
import { isShielded } from '../commit/protected.ts';
import { keepInQuarantine, putBackMoved } from '../commit/quarantine/quarantine.ts';
import { adoptLive, anchorsOn } from '../generation/material-set.ts';
import type { Manifest } from '../generation/generation.ts';
import type { MaterialFile } from '../issue/material.ts';
import type { Plan } from '../plan/plan.ts';
import type { State } from '../state/state.ts';
import { afterAssessment, afterCommit, withActive, withListenerAsked, type Counted } from '../state/transitions.ts';
import { makeGeneration } from '../session/make-generation.ts';
import type { Outcome } from '../session/outcome.ts';
import { prune } from '../session/leftovers.ts';
import { announce } from '../session/announce.ts';
import type { Session } from '../session/session.ts';
import { survey } from '../survey/survey.ts';
import { prove } from '../survey/generations-known.ts';

/** Leaf material that is durable and proven, and how it came about. */
interface Material {
  readonly manifest: Manifest;
  readonly origin: 'standby' | 'issued' | 'previous';
  /** What its proof could not cover, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Carries out a plan that has something to do: material, proof, the old set kept, damaged bytes kept, one commit.
 * Until the commit's journal is written the node is untouched, whatever throws.
 */
export async function execute(
  session: Session,
  plan: Plan,
  options: {
    readonly reuseKeys: boolean;
    readonly byPerson: boolean;
    readonly whileRunning?: boolean | undefined;
    /** What else is true once the changes are live. */
    readonly also?: ((state: State, generation: number) => State) | undefined;
  },
): Promise<Outcome> {
  await session.write.audit.ready();
  const [first] = plan.reasons;
  const reason = first?.code ?? 'OperatorRequest';
  announce.decided(session, plan);
  session.begin({ reason, byItself: !options.byPerson });
  let material: Material | undefined;
  const moved = new Map<string, string>();
  let live: Omit<Parameters<typeof announce.committed>[1], 'plan'>;
  try {
    const previous = plan.source.kind === 'none' ? undefined : keepLiveSet(session);
    material = await materialFor(session, plan, options);
    const { manifest } = material ?? {};
    const counts = options.byPerson ? 'nothing' : countedOf(plan);
    const counted = typeof counts === 'object' ? 'repair' : counts;
    const transaction = session.transaction(manifest?.number ?? 0, previous?.number, counted);
    keepDamaged(session, plan, moved);
    const changes = changeSet({
      plan,
      inventory: session.survey.inventory,
      moved: new Set(moved.keys()),
      files: material === undefined ? [] : storedFiles(material.manifest),
      whileRunning: options.whileRunning,
    });
    const at = session.survey.assessment.now;
    const done = session.commit({
      transaction,
      changes,
      after: (state) => {
        const committed = withAsked(
          session,
          changes,
          at,
          afterCommit(state, { at, active: manifest, previous, counts }),
        );
        return options.also === undefined ? committed : options.also(committed, transaction.generation);
      },
    });
    live = { changes, manifest, ...done };
  } catch (error) {
    discard(session, material);
    putBack(session, moved);
    session.abandon();
    throw error;
  }
  announce.committed(session, { plan, ...live });
  const undone = await afterwards(session);
  return {
    decision: plan.decision === 'rotate' ? 'rotated' : 'repaired',
    generation: live.manifest?.number,
    // A kubeconfig that was written again is no material that was issued.
    origin: plan.actions.some(({ kind }) => kind === 'install') ? material?.origin : undefined,
    reasons: plan.reasons,
    left: plan.left ?? [],
    changed: [...new Set([...moved.keys(), ...live.changed])],
    notes: [...(material?.notes ?? []), ...live.warnings, ...undone],
    survey: session.survey,
  };
}

/**
 * What is done once a set is live. It takes nothing back: the set stays, and so does what the state says of it.
 * @returns what was left to the next run, a sentence
 */
export async function afterwards(session: Session): Promise<readonly string[]> {
  try {
    prune(session);
    // What is remembered is the node as it is now, or the next start would find that it has changed.
    const after = await survey(session.ports, session.survey.layout);
    session.remember((state) => afterAssessment(state, after));
    session.save();
    return [];
  } catch (error) {
    if (!(error instanceof CertmendError)) throw error;
    const message = `the new files are live; the look at them afterwards is left to the next run: ${error.message}`;
    session.tell({ event: 'failed', priority: 'warning', reason: error.code, message, hint: error.hint });
    return [message];
  }
}

/**
 * A rotation uses the day's budget, a repair that of its entries. The listener's trigger uses none: it is an empty file,
 * written once however often the service starts, and whether the product heeds it is the outcome of a race (products 5).
 */
function countedOf({ decision, actions }: Plan): Counted {
  if (decision === 'rotate') return 'rotation';
  const repairs = actions.filter(({ kind }) => kind !== 'regenerate-listener');
  return repairs.length === 0 ? 'nothing' : { repaired: [...new Set(repairs.map(({ id }) => id))] };
}

/** With the trigger goes the memory of what it is to replace; an unreadable document has nothing that could come back. */
function withAsked({ survey: { inventory } }: Session, changes: readonly Change[], at: number, state: State): State {
  for (const item of inventory.items) {
    if (item.kind !== 'listener' || !item.document.ok) continue;
    const [leaf] = item.document.value.certificates;
    const isAsked = changes.some(({ op, path }) => op === 'put' && path === item.entry.regenerateTrigger);
    if (isAsked && leaf !== undefined) return withListenerAsked(state, leaf.fingerprint256, at);
  }
  return state;
}

async function materialFor(
  session: Session,
  plan: Plan,
  { reuseKeys, whileRunning }: { readonly reuseKeys: boolean; readonly whileRunning?: boolean | undefined },
): Promise<Material | undefined> {
  const ids = plan.actions.flatMap((action) => (action.kind === 'install' ? [action.id] : []));
  const kubeconfigs = plan.actions.flatMap((action) => (action.kind === 'write-kubeconfig' ? [action.id] : []));
  const { source } = plan;
  switch (source.kind) {
    case 'standby':
    case 'previous': {
      const found = await prove(
        session.node(),
        source.generation,
        // By itself certmend brings back only what it would also leave alone; a person may want less.
        plan.decision === 'rotate' && source.kind === 'previous' ? 'rollback' : 'commit',
      );
      const holds = new Set(found.ok ? found.files.map(({ id }) => id) : []);
      if (found.ok && [...ids, ...kubeconfigs].every((id) => holds.has(id)))
        return { manifest: found.manifest, origin: source.kind, notes: [] };
      // One that could not be read this time stays what it is.
      if (found.ok || found.isUnread !== true)
        announce.retired(session, source.generation, found.ok ? 'it lacks an entry that is due' : found.problem);
      break;
    }
    case 'issue':
      break;
    case 'none':
      if (kubeconfigs.length === 0) return undefined;
      break;
  }
  const made = await makeGeneration(session, {
    ids,
    kubeconfigs,
    origin: plan.decision === 'rotate' ? 'issued' : 'repaired',
    reuseKeys,
    keepLength: whileRunning,
  });
  announce.verified(session, made);
  return { manifest: made.manifest, origin: 'issued', notes: made.notes };
}

/** The set that is live now, as a generation that can come back; an equal one is not kept twice. */
function keepLiveSet(session: Session): Manifest | undefined {
  const files = adoptLive(session.survey.inventory);
  if (files.length === 0) return undefined;
  const manifest =
    findEqual(session, files) ??
    session.store.write({
      number: session.nextGeneration(),
      origin: 'adopted',
      createdAt: session.survey.assessment.now,
      binding: session.binding,
      files,
      anchorsOf: anchorsOn(session.survey.inventory),
    });
  // Said before the commit, while it is still true, so that a recovery knows what the previous set was.
  session.remember((state) => withActive(state, manifest));
  return manifest;
}

/** Every restart of a service that cannot be helped would keep the same set again. */
function findEqual(session: Session, files: readonly MaterialFile[]): Manifest | undefined {
  const live = new Map(files.map(({ path, bytes }) => [path, createHash('sha256').update(bytes).digest('hex')]));
  for (const known of session.store.list()) {
    if (
      known.ok &&
      known.manifest.files.length === live.size &&
      known.manifest.files.every(({ path, sha256 }) => live.get(path) === sha256)
    )
      return known.manifest;
  }
  return undefined;
}

/**
 * Last of what comes before the commit: a directory is moved away for it.
 * @param moved filled with the paths of those, and where they went
 */
function keepDamaged(session: Session, plan: Plan, moved: Map<string, string>): void {
  const { reader } = session.ports;
  const { now: at } = session.survey.assessment;
  const { writer } = session.write;
  const { dataDir, protectedPaths } = session.survey.layout;
  const seen = filesOf(session.survey.inventory.items);
  for (const action of plan.actions) {
    if (action.kind === 'quarantine') {
      const { path, id, reason } = action;
      const file = seen.get(path);
      const wasDirectory = file?.state === 'unreadable' && file.problem === 'directory';
      const mayMove = wasDirectory && !isShielded(path, protectedPaths, reader);
      const kept = keepInQuarantine({ reader, writer, dataDir, path, id, reason, at, mayMove });
      if (kept.moved) moved.set(path, kept.place);
      announce.quarantined(session, action, kept.place);
    }
  }
}

/** What was moved away for a commit that did not happen. With a journal the next run completes it. */
function putBack(session: Session, moved: ReadonlyMap<string, string>): void {
  const { reader } = session.ports;
  const { writer } = session.write;
  if (journalPending(reader)) return;
  for (const [path, place] of moved) {
    try {
      putBackMoved({ reader, writer }, path, place);
      announce.putBack(session, path);
    } catch {
      // The first error is the one to tell: the file is missing now, which the next run mends, and `place` is in the audit.
    }
  }
}

/** A set made for a commit that did not happen is taken away, or a restart loop would fill the disk with sets. */
function discard(session: Session, material: Material | undefined): void {
  if (material?.origin !== 'issued') return;
  try {
    // With a journal, the next run completes the commit from this very set.
    if (!journalPending(session.ports.reader)) session.store.remove(material.manifest.number);
  } catch {
    // The disk is what failed in the first place; the next successful run prunes it.
  }
}
