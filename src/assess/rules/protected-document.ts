import type { DocumentItem } from '../../inventory/inventory.ts';
import type { AssessContext } from '../context.ts';
import { fileFault } from '../file-fault.ts';
import { secretRule } from './permissions.ts';
import { damagedRemedy, judgeSecretFile, missingRemedy } from './protected-file.ts';
import type { Judgement } from '../row.ts';
import { findingsOf, type Rule } from './rule.ts';

export interface DocumentSubject {
  readonly item: DocumentItem;
  readonly context: AssessContext;
}

const fileRule: Rule<DocumentSubject> = {
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
export const documentRules: readonly Rule<DocumentSubject>[] = [fileRule, secretRule];

/** Judges a protected document (P2). */
export function judgeDocument(item: DocumentItem, context: AssessContext): Judgement {
  const found = findingsOf(documentRules, { item, context }, item.entry.id, item.entry.path);
  return judgeSecretFile(item, found, context);
}
