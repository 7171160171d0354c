import type { KeyItem } from '../../inventory/inventory.ts';
import type { AssessContext } from '../context.ts';
import { fileFault } from '../file-fault.ts';
import { secretRule } from './permissions.ts';
import { damagedRemedy, judgeSecretFile, missingRemedy } from './protected-file.ts';
import type { Judgement } from '../row.ts';
import { findingsOf, type Rule } from './rule.ts';

export interface KeySubject {
  readonly item: KeyItem;
  readonly context: AssessContext;
}

const fileRule: Rule<KeySubject> = {
  name: 'key-file',
  asks: 'is the key there, and can it be read?',
  inputs: ({ item }) => ({
    path: item.entry.path,
    state: item.file.state,
    role: item.entry.role,
    ...(item.keys.ok ? { keys: String(item.keys.value.length) } : {}),
  }),
  judge({ item, context }) {
    const { entry, file, keys } = item;
    const { path } = entry;
    if (file.state === 'absent') {
      const unneeded = entry.optional || entry.reissuedAtStart || entry.role !== 'service-account';
      if (unneeded || !context.initialised) return 'skipped';
      const message = `${path} is missing; ${missingRemedy(context, path)}`;
      return { code: 'ProtectedFileDamaged', severity: 'critical', message, answer: 'operator' };
    }
    const fault = fileFault(path, file, keys, 'a private key');
    if (fault === undefined) return 'passed';
    if (entry.protected || entry.role === 'service-account') {
      const restored = entry.role === 'service-account';
      const remedy = damagedRemedy(context, { path, file, restored }, fault.remedy);
      const message = entry.reissuedAtStart ? fault.clause : `${fault.clause}; ${remedy}`;
      return { code: 'ProtectedFileDamaged', severity: 'critical', message, answer: 'operator' };
    }
    const message = `${fault.clause}; ${fault.remedy ?? `${context.layout.product} would refuse to start`}`;
    const answer = fault.replaceable && entry.role === 'legacy-shared' ? 'quarantine' : 'operator';
    return { code: 'KeyUnreadable', severity: 'critical', message, answer };
  },
};

/** What is asked of a key without a certificate. */
export const keyRules: readonly Rule<KeySubject>[] = [fileRule, secretRule];

/** Judges a key that has no certificate beside it. */
export function judgeKey(item: KeyItem, context: AssessContext): Judgement {
  const found = findingsOf(keyRules, { item, context }, item.entry.id, item.entry.path);
  return judgeSecretFile(item, found, context);
}
