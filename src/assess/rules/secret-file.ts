import type { KeyItem, DocumentItem } from '../../inventory/inventory.ts';
import type { AssessContext } from '../context.ts';
import { fileFault } from '../file-fault.ts';
import { secretRule } from './permissions.ts';
import { damagedRemedy, judgeSecretFile, missingRemedy } from './protected-file.ts';
import type { Judgement } from '../row.ts';
import { findingsOf, type Rule } from './rule.ts';

/* Files that are one secret: a key that has no certificate beside it, a protected document. */

export interface KeySubject {
  readonly item: KeyItem;
  readonly context: AssessContext;
}

const keyFileRule: Rule<KeySubject> = {
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
export const keyRules: readonly Rule<KeySubject>[] = [keyFileRule, secretRule];

/** Judges a key that has no certificate beside it. */
export function judgeKey(item: KeyItem, context: AssessContext): Judgement {
  const found = findingsOf(keyRules, { item, context }, item.entry.id, item.entry.path);
  return judgeSecretFile(item, found, context);
}

export interface DocumentSubject {
  readonly item: DocumentItem;
  readonly context: AssessContext;
}

const documentFileRule: Rule<DocumentSubject> = {
  name: 'document',
  asks: 'is the file there, and is its format right?',
  inputs: ({ item }) => ({ path: item.entry.path, state: item.file.state, format: item.entry.format }),
  judge({ item, context }) {
    const { entry, file, content } = item;
    if (file.state === 'absent') {
      if (entry.optional || entry.reissuedAtStart || !context.initialised) return 'skipped';
      const message = `${entry.path} is missing; ${missingRemedy(context, entry.path, entry.restoredByProduct === true)}`;
      return { code: 'ProtectedFileDamaged', severity: 'critical', message, answer: 'operator' };
    }
    const fault = fileFault(entry.path, file, content, 'in the right format');
    if (fault === undefined) return 'passed';
    // A link beside the token that leads nowhere holds nothing, and the product makes it anew with the token.
    if (entry.optional && file.state === 'unreadable' && file.problem === 'dangling-symlink') return 'skipped';
    const restored = entry.restoredByProduct === true;
    const remedy = damagedRemedy(context, { path: entry.path, file, restored }, fault.remedy);
    const message = entry.reissuedAtStart ? fault.clause : `${fault.clause}; ${remedy}`;
    return { code: 'ProtectedFileDamaged', severity: 'critical', message, answer: 'operator' };
  },
};

/** What is asked of a protected file that is neither certificate nor key. */
export const documentRules: readonly Rule<DocumentSubject>[] = [documentFileRule, secretRule];

/** Judges a protected document (P2). */
export function judgeDocument(item: DocumentItem, context: AssessContext): Judgement {
  const found = findingsOf(documentRules, { item, context }, item.entry.id, item.entry.path);
  return judgeSecretFile(item, found, context);
}
