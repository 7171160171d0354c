import { unparsablePaths } from '../inventory/unparsable-paths.ts';
import { reasons as reasonTable } from '../reason.ts';
import type { Finding } from '../assess/assessment.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { bootstrapFiles } from '../layout/bootstrap-files.ts';
import type { Action } from './plan.ts';
import type { Pair } from './pairs.ts';

/**
 * What else is answered in the same commit: files to take away, kubeconfigs to write, the listener's trigger.
 * A kubeconfig that is replaced keeps its damaged bytes; a listener document that is taken away is asked for anew.
 */
export function sideActions(findings: readonly Finding[], inventory: Inventory): readonly Action[] {
  const actions: Action[] = [];
  for (const finding of findings) {
    const { id, path, code: reason } = finding;
    if (id === undefined) continue;
    switch (finding.answer) {
      case 'quarantine':
        if (path !== undefined) actions.push({ kind: 'quarantine', id, path, remove: true, reason });
        actions.push(...triggerFor(id, reason, inventory));
        break;
      case 'write-kubeconfig':
        actions.push(...kubeconfigFor(finding, id, inventory));
        break;
      case 'regenerate-listener':
        actions.push(...triggerFor(id, reason, inventory));
        break;
      case 'none':
      case 'wait':
      case 'operator':
      case 'rotate':
      case 'repair':
        break;
    }
  }
  return inOrder(actions);
}

/** What an install takes the place of. Of what is no regular file the quarantine keeps a note. */
export function keepDamagedPair(pair: Pair, reason: Finding['code']): readonly Action[] {
  return quarantinePair(pair, reason, false);
}

/** Both files go: the product would take a certificate without its key, or a key that it cannot read, amiss. */
export function takePairAway(pair: Pair, reason: Finding['code']): readonly Action[] {
  return quarantinePair(pair, reason, true);
}

function quarantinePair({ entry, item }: Pair, reason: Finding['code'], remove: boolean): readonly Action[] {
  const files = [
    { path: entry.keyPath, file: item.keyFile },
    { path: entry.certificatePath, file: item.certificateFile },
  ];
  return files.flatMap(({ path, file }): Action[] =>
    file.state === 'absent' ? [] : [{ kind: 'quarantine', id: entry.id, path, remove, reason }],
  );
}

/**
 * `--repair-bootstrap`: damaged files of the bootstrap set are taken away, so that the product restores them from its
 * datastore at its start (products 3.4). Never one that the product does not restore, a token above all; never one that can
 * be parsed, whatever else is wrong with it; and none while the token itself is damaged, without which the product could
 * not read its datastore's copy.
 */
export function bootstrapActions(findings: readonly Finding[], inventory: Inventory): readonly Action[] {
  if (inventory.layout.role !== 'server' || findings.some(({ id, code }) => id === 'token' && isDamage(code)))
    return [];
  const restorable = new Set(
    inventory.items.flatMap((item) => {
      const restored = bootstrapFiles(item.entry);
      return unparsablePaths(item).filter((path) => restored.includes(path));
    }),
  );
  return findings.flatMap(({ code, id, path }): Action[] => {
    if (!isDamage(code) || id === undefined || path === undefined || !restorable.has(path)) return [];
    // What is mounted cannot be taken away.
    if (inventory.mounted?.has(path) === true) return [];
    return [{ kind: 'quarantine', id, path, remove: true, reason: code, bootstrap: true }];
  });
}

function isDamage(code: Finding['code']): boolean {
  const { nature, atStart } = reasonTable[code];
  return nature === 'damage' && atStart === 'restores';
}

function kubeconfigFor(finding: Finding, id: string, inventory: Inventory): readonly Action[] {
  const item = inventory.items.find((candidate) => candidate.kind === 'kubeconfig' && candidate.entry.id === id);
  if (item?.kind !== 'kubeconfig') return [];
  const { path } = item.entry;
  const reason = finding.code;
  const kept: Action = { kind: 'quarantine', id, path, remove: false, reason };
  const written: Action = { kind: 'write-kubeconfig', id, path, reason };
  return item.file.state === 'absent' ? [written] : [kept, written];
}

function triggerFor(id: string, reason: Finding['code'], inventory: Inventory): readonly Action[] {
  const item = inventory.items.find((candidate) => candidate.kind === 'listener' && candidate.entry.id === id);
  if (item?.kind !== 'listener') return [];
  const trigger = item.entry.regenerateTrigger;
  // Asked for already: the file is there, and writing it again would change nothing.
  if (inventory.pendingTriggers.includes(trigger)) return [];
  return [{ kind: 'regenerate-listener', id, trigger, reason }];
}

const rank: Readonly<Record<Action['kind'], number>> = {
  quarantine: 0,
  install: 1,
  'write-kubeconfig': 2,
  'regenerate-listener': 3,
};

/**
 * Quarantine first, then pairs, kubeconfigs and the trigger, each in table order and once: two findings about one file
 * are one action, with the first one's reason. A file that is taken away is not also kept for a replacement.
 */
export function inOrder(actions: readonly Action[]): readonly Action[] {
  const seen = new Map<string, Action>();
  for (const action of actions) {
    const key = `${action.kind} ${'path' in action ? action.path : action.id}`;
    if (!seen.has(key)) seen.set(key, action);
  }
  return [...seen.values()].toSorted((left, right) => rank[left.kind] - rank[right.kind]);
}
