import type { DocumentItem } from '../../inventory/inventory.ts';
import type { AssessContext } from '../context.ts';
import { fileFault } from '../file-fault.ts';
import { modesOf, permissionsFault } from './permissions.ts';
import { damagedRemedy, missingRemedy } from './protected-file.ts';
import { leaveToProduct } from './reissued.ts';
import { certificateRow, type Judgement } from '../row.ts';
import { findingsOf, type Rule } from './rule.ts';

export interface DocumentSubject {
  readonly item: DocumentItem;
  readonly context: AssessContext;
}

const fileRule: Rule<DocumentSubject> = {
  name: 'document',
  asks: 'is the file there, and has it the form it must have?',
  inputs: ({ item }) => ({ path: item.entry.path, state: item.file.state, format: item.entry.format }),
  judge({ item, context }) {
    const { entry, file, content } = item;
    if (file.state === 'absent') {
      if (entry.optional || entry.reissuedAtStart || !context.initialised) return 'skipped';
      const message = `${entry.path} is missing; ${missingRemedy(context, entry.path, entry.restoredByProduct === true)}`;
      return { code: 'ProtectedFileDamaged', severity: 'critical', message, answer: 'operator' };
    }
    const fault = fileFault(entry.path, file, content, 'what it must be');
    if (fault === undefined) return 'passed';
    // A link beside the token that leads nowhere holds nothing, and the product makes it anew with the token.
    if (entry.optional && file.state === 'unreadable' && file.problem === 'dangling-symlink') return 'skipped';
    const restored = entry.restoredByProduct === true;
    const remedy = damagedRemedy(context, { path: entry.path, file, restored }, fault.remedy);
    const message = entry.reissuedAtStart ? fault.clause : `${fault.clause}; ${remedy}`;
    return { code: 'ProtectedFileDamaged', severity: 'critical', message, answer: 'operator' };
  },
};

const permissionsRule: Rule<DocumentSubject> = {
  name: 'permissions',
  asks: 'is it closed to everybody but its owner?',
  inputs: ({ item }) => modesOf([{ path: item.entry.path, file: item.file, secret: true }]),
  judge: ({ item }) => permissionsFault([{ path: item.entry.path, file: item.file, secret: true }], false) ?? 'passed',
};

/** What is asked of a protected file that is neither certificate nor key. */
export const documentRules: readonly Rule<DocumentSubject>[] = [fileRule, permissionsRule];

/** Judges a protected document (P2). */
export function judgeDocument(item: DocumentItem, context: AssessContext): Judgement {
  const { entry } = item;
  const found = findingsOf(documentRules, { item, context }, entry.id, entry.path);
  const owner = { id: entry.id, certificatePath: entry.path };
  const findings = entry.reissuedAtStart ? leaveToProduct(found, owner, context) : found;
  const row = certificateRow({
    id: entry.id,
    path: entry.path,
    role: 'document',
    file: item.file,
    certificate: undefined,
    effectiveNotAfter: undefined,
    found,
    reported: findings,
    now: context.now,
  });
  return { findings, row };
}
