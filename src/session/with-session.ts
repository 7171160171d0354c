import { rfc3339 } from '../time/rfc3339.ts';
import { commitChanges } from '../commit/commit.ts';
import { journalPending } from '../commit/journal.ts';
import { recover } from '../commit/recover.ts';
import { CertmendError, exitStatus } from '../error.ts';
import { bindingOf } from '../generation/binding.ts';
import { nextNumber } from '../generation/numbers.ts';
import { createGenerationStore } from '../generation/store.ts';
import type { Layout } from '../layout/layout.ts';
import { setAsideState, saveState } from '../state/save-state.ts';
import type { State } from '../state/state.ts';
import {
  afterAssessment,
  emptyState,
  ofNode,
  withAttempt,
  withEvent,
  withProof,
  withTransaction,
} from '../state/transitions.ts';
import { adoptForeignChanges, foreignChanges } from './adopt.ts';
import { removeAbandonedRotation, removeLeftovers, requireTidy } from './leftovers.ts';
import type { Ports, WriteSide } from '../survey/ports.ts';
import { refuseUnusable, rememberCompleted, recoverySentence } from './recovery.ts';
import { findLayout, survey } from '../survey/survey.ts';
import type { Session, SessionOptions } from './session.ts';

/**
 * Takes the lock, finishes or cleans up what a crash left, looks at the node, and runs `work`. The lock is released
 * whatever happens.
 *
 * @throws CertmendError LockHeld (exit 75), StateNewer (exit 77), and whatever `work` throws
 */
export async function withSession<T>(
  ports: Ports,
  options: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const write = await ports.writeSide();
  const lock = write.lock(options.lockWaitMs);
  try {
    return await work(await openSession(ports, write, options.layout ?? findLayout(ports), options));
  } finally {
    await write.audit.flush();
    lock.release();
  }
}

async function openSession(ports: Ports, write: WriteSide, layout: Layout, options: SessionOptions): Promise<Session> {
  const { reader } = ports;
  const { writer, storage, relabel, audit } = write;
  const store = createGenerationStore({ reader, writer });
  const node = {
    machineId: ports.host.machineId,
    nodeName: layout.nodeName,
    layout: layout.name,
    dataDir: layout.dataDir,
  };
  const recovered = recover({
    reader,
    writer,
    relabel,
    layout,
    node: { machineId: node.machineId, nodeName: node.nodeName },
    door: ports.door,
    saveState: (transaction, ids) => {
      rememberCompleted(ports, write, transaction, ids);
    },
  });
  const seen = await survey(ports, layout);
  refuseUnusable(seen.loaded);
  // Of the look that the decision rests on: assessment, plan, set and transaction of one decision have one instant.
  const { now } = seen.assessment;
  const binding = bindingOf(seen.inventory, ports.host.machineId);
  const saved = seen.loaded.kind === 'loaded' ? ofNode(seen.loaded.state, node, now) : undefined;
  // Recovery has seen to it: without a journal no transaction is open, whatever the state says of it.
  let state: State = { ...(saved ?? emptyState(node, now)), transaction: null };
  let begun = state;
  let isCounted = saved !== undefined;
  let inTheWay: CertmendError | undefined;

  const session: Session = {
    ports,
    write,
    survey: seen,
    store,
    binding,
    recovered,
    state: () => state,
    node: () => ({
      ports,
      survey: seen,
      state,
      onProven: (proof) => {
        state = withProof(state, proof);
      },
    }),
    remember: (change) => {
      state = change(state);
    },
    save: () => {
      saveState(writer, state);
      isCounted = true;
    },
    tell: (record) => {
      audit.record(record);
      state = withEvent(state, {
        at: rfc3339(ports.clock.now()),
        event: record.event,
        code: record.reason ?? null,
        id: record.entry ?? null,
        generation: record.generation ?? null,
        message: record.message,
      });
    },
    begin: ({ reason, byItself }) => {
      if (inTheWay !== undefined) throw inTheWay;
      requireTidy(ports, write, layout);
      const transaction = { id: write.randomHex(8), generation: 0, startedAt: rfc3339(now), reason };
      begun = withTransaction(byItself ? withAttempt(state, now) : state, transaction);
      saveState(writer, begun);
      isCounted = true;
      state = begun;
    },
    abandon: () => {
      // With a journal the next run completes the commit, and must know it for what it is.
      if (journalPending(reader)) return;
      const { next, active } = begun.generations;
      state = { ...state, generations: { ...state.generations, next, active }, transaction: null };
      try {
        saveState(writer, state);
      } catch {
        // The first error is the one to tell; a transaction without a journal is none, and the next run says so.
      }
    },
    nextGeneration: () => {
      if (inTheWay !== undefined) throw inTheWay;
      // What the state on the disk has not counted is a leftover to the next run: so there must be one that counts.
      if (!isCounted) session.save();
      const number = nextNumber(state.generations.next, store.numbers());
      state = { ...state, generations: { ...state.generations, next: number + 1 } };
      return number;
    },
    transaction: (generation, previous, counts) => {
      if (state.transaction === null) throw new TypeError('no transaction was started');
      return { ...state.transaction, generation, previous: previous ?? null, counts };
    },
    commit: ({ transaction, changes, directoryModes, after }) =>
      commitChanges({
        transaction,
        node: { machineId: node.machineId, nodeName: node.nodeName },
        changes,
        protectedPaths: layout.protectedPaths,
        door: ports.door,
        directoryModes,
        within: layout.dataDir,
        reader,
        writer,
        storage,
        relabel,
        saveState: () => {
          const committed = { ...after(state), transaction: null };
          saveState(writer, committed);
          state = committed;
        },
        monotonic: () => ports.clock.monotonic(),
        requireTime: (preparedMs) => {
          requireTime(ports.clock.monotonic(), preparedMs, options);
        },
      }),
  };

  if (seen.loaded.kind === 'damaged') {
    const kept = setAsideState(reader, writer);
    session.tell({
      event: 'state-rebuilt',
      priority: 'warning',
      reason: 'StateRebuilt',
      message: `the state file was damaged (${seen.loaded.problem}); it was kept as ${kept} and rebuilt from the node`,
    });
  }
  if (saved === undefined) {
    const next = nextNumber(1, store.numbers());
    session.remember((fresh) => ({ ...fresh, generations: { ...fresh.generations, next } }));
  }
  try {
    removeLeftovers(store, saved, ports.config.retention);
    removeAbandonedRotation(ports, write, saved);
  } catch (error) {
    if (!(error instanceof CertmendError)) throw error;
    inTheWay = error;
  }
  const { active } = state.generations;
  const foreign = foreignChanges(state, seen.inventory, active === null ? undefined : store.manifest(active.number));
  session.remember((before) => afterAssessment(before, seen));
  adoptForeignChanges(session, foreign);
  const told = recoverySentence(recovered);
  if (told !== undefined) {
    session.tell({
      event: 'recovered',
      priority: 'notice',
      reason: 'TransactionRecovered',
      message: told,
      generation: 'transaction' in recovered ? recovered.transaction.generation : undefined,
    });
  }
  return session;
}

/** What comes after the commit point syncs a third of what was prepared for it, and is given half of the time. */
function requireTime(now: number, preparedMs: number, { deadline, endedAt }: SessionOptions): void {
  const isLate = deadline !== undefined && now > deadline;
  const mayBeEnded = endedAt !== undefined && now + preparedMs / 2 > endedAt;
  if (!isLate && !mayBeEnded) return;
  throw new CertmendError('DeadlinePassed', 'the boot hook has not enough time left to finish a commit', {
    exit: exitStatus.tryAgain,
    hint: 'the disk is slow, or the hook waited for the clock or another certmend; the service starts with the old certificates; run: certmend doctor',
  });
}
