import { commitChanges } from '../commit/commit.ts';
import { recover, type RecoveryOutcome } from '../commit/recover.ts';
import type { Change } from '../commit/change.ts';
import type { Transaction } from '../commit/journal.ts';
import { CertmendError, exitStatus } from '../error.ts';
import { bindingOf } from '../generation/binding.ts';
import type { Binding } from '../generation/generation.ts';
import { createGenerationStore, type GenerationStore } from '../generation/store.ts';
import type { Layout } from '../layout/layout.ts';
import type { ReasonCode } from '../reason.ts';
import type { AuditRecord } from '../report/audit.ts';
import { setAsideState } from '../state/set-aside.ts';
import { saveState } from '../state/save-state.ts';
import type { State } from '../state/state.ts';
import { loadState } from '../state/load-state.ts';
import { afterAssessment, afterCommit, emptyState, ofNode, withEvent, withProof } from '../state/transitions.ts';
import { adoptForeignChanges, foreignChanges } from './adopt.ts';
import type { Question } from './generations-known.ts';
import type { Ports, WriteSide } from './ports.ts';
import { recoverySentence } from './recovery.ts';
import { findLayout, survey, type Survey } from './survey.ts';

/**
 * What a command that writes holds: the lock, a recovered node, a survey made after both, and the state as it will be
 * saved. Every mutation of a command goes through here.
 */
export interface Session {
  readonly ports: Ports;
  readonly write: WriteSide;
  readonly survey: Survey;
  readonly store: GenerationStore;
  readonly binding: Binding;
  /** What recovery did before anything else was looked at. */
  readonly recovered: RecoveryOutcome;
  state(): State;
  question(): Question;
  /** Replaces the state to be saved; `save` makes it durable. */
  remember(change: (state: State) => State): void;
  save(): void;
  /** Records one decision or change: audit log and the state's list of events (P7). */
  tell(record: AuditRecord): void;
  /** Reserves the number of the next generation; numbers are never used twice. */
  nextGeneration(): number;
  /** A transaction to be committed; `generation` is 0 when no set goes live. */
  transaction(generation: number, reason: ReasonCode): Transaction;
  commit(input: {
    readonly transaction: Transaction;
    readonly changes: readonly Change[];
    /** The state that is true once the changes are live; saved inside the transaction. */
    readonly after: (state: State) => State;
  }): { readonly changed: readonly string[]; readonly warnings: readonly string[] };
}

/**
 * Takes the lock, finishes or cleans up what a crash left, looks at the node, and runs `work`. The lock is released
 * whatever happens.
 *
 * @param options.lockWaitMs how long to wait for another certmend, milliseconds
 * @throws CertmendError LockHeld (exit 75), StateNewer (exit 77), and whatever `work` throws
 */
export async function withSession<T>(
  ports: Ports,
  options: { readonly layout?: Layout | undefined; readonly lockWaitMs: number },
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const write = await ports.writeSide();
  const lock = write.lock(options.lockWaitMs);
  try {
    return await work(openSession(ports, write, options.layout ?? findLayout(ports)));
  } finally {
    await write.audit.flush();
    lock.release();
  }
}

function openSession(ports: Ports, write: WriteSide, layout: Layout): Session {
  const { reader } = ports;
  const { writer, storage, relabel, audit } = write;
  const store = createGenerationStore({ reader, writer });
  const recovered = recover({
    reader,
    writer,
    relabel,
    layout,
    saveState: (transaction) => {
      rememberCompleted(ports, write, store, transaction);
    },
  });
  const seen = survey(ports, layout);
  if (seen.loaded.kind === 'newer') {
    throw new CertmendError(
      'StateNewer',
      `the state file has schema ${String(seen.loaded.schema)}, which this certmend does not know; nothing was changed`,
      { exit: exitStatus.refused, hint: 'a newer certmend ran on this node: install that version again' },
    );
  }
  const now = ports.clock.now();
  const binding = bindingOf(seen.inventory, ports.host.machineId);
  const node = {
    machineId: ports.host.machineId,
    nodeName: layout.nodeName,
    layout: layout.name,
    dataDir: layout.dataDir,
  };
  let state = seen.loaded.kind === 'loaded' ? ofNode(seen.loaded.state, node, now) : emptyState(node, now);

  const session: Session = {
    ports,
    write,
    survey: seen,
    store,
    binding,
    recovered,
    state: () => state,
    question: () => ({
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
    },
    tell: (record) => {
      audit.record(record);
      state = withEvent(state, {
        at: new Date(ports.clock.now()).toISOString(),
        event: record.event,
        code: record.reason ?? null,
        id: record.entry ?? null,
        generation: record.generation ?? null,
        message: record.message,
      });
    },
    nextGeneration: () => {
      const highest = store.list().reduce((most, { number }) => Math.max(most, number), 0);
      const number = Math.max(state.generations.next, highest + 1);
      state = { ...state, generations: { ...state.generations, next: number + 1 } };
      return number;
    },
    transaction: (generation, reason) => ({
      id: write.randomHex(8),
      generation,
      reason,
      startedAt: new Date(ports.clock.now()).toISOString(),
    }),
    commit: ({ transaction, changes, after }) => {
      state = { ...state, transaction };
      saveState(writer, state);
      try {
        return commitChanges({
          transaction,
          changes,
          protectedPaths: layout.protectedPaths,
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
        });
      } catch (error) {
        state = { ...state, transaction: null };
        throw error;
      }
    },
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

/**
 * A commit that recovery completed is remembered as if it had never been cut off, before its journal goes away. The
 * state that was saved at its begin says so by its open transaction; without that, the state is ahead already.
 */
function rememberCompleted(ports: Ports, write: WriteSide, store: GenerationStore, transaction: Transaction): void {
  const loaded = loadState(ports.reader);
  if (loaded.kind !== 'loaded' || loaded.state.transaction?.id !== transaction.id) {
    return;
  }
  const { active } = loaded.state.generations;
  const state = afterCommit(loaded.state, {
    at: Date.parse(transaction.startedAt),
    active: transaction.generation === 0 ? undefined : store.manifest(transaction.generation),
    previous: active === null ? undefined : store.manifest(active.number),
    counts: transaction.reason === 'OperatorRequest' ? 'nothing' : 'rotation',
  });
  saveState(write.writer, state);
}
