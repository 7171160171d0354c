import type { LeafItem } from '../../../inventory/inventory.ts';
import type { Finding } from '../../assessment.ts';
import type { AssessContext } from '../../context.ts';
import { subjectRule, namesRule, usagesRule } from './identity.ts';
import { certificateFileRule, keyFileRule, keyMatchRule, leafPermissionsRule, mountRule } from './files.ts';
import { chainRule, issuerRule, keyIdentifierRule } from './issuer.ts';
import { leafSubject, type LeafSubject } from './subject.ts';
import { leafServedRule, servedOf } from './served.ts';
import { expiryRule, notBeforeRule } from './validity.ts';
import { leaveToProduct } from '../product-start.ts';
import { certificateRow, type Judgement } from '../../row.ts';
import { findingsOf, type Rule } from '../rule.ts';

/** What is asked of a leaf, in this order. */
export const leafRules: readonly Rule<LeafSubject>[] = [
  certificateFileRule,
  keyFileRule,
  keyMatchRule,
  issuerRule,
  keyIdentifierRule,
  subjectRule,
  namesRule,
  usagesRule,
  chainRule,
  notBeforeRule,
  expiryRule,
  leafPermissionsRule,
  mountRule,
  leafServedRule,
];

/** Judges a leaf pair. What the product re-issues at each start is only reported, never answered with a new pair. */
export function judgeLeaf(item: LeafItem, context: AssessContext): Judgement {
  const { entry } = item;
  const subject = leafSubject(item, context);
  const found = findingsOf(leafRules, subject, entry.id, entry.certificatePath);
  const findings: readonly Finding[] = entry.reissuedAtStart ? leaveToProduct(found, entry, context) : found;
  const row = certificateRow({
    id: entry.id,
    path: entry.certificatePath,
    role: 'leaf',
    file: item.certificateFile,
    certificate: subject.leaf,
    effectiveNotAfter: subject.effectiveNotAfter,
    served: servedOf(subject),
    found,
    reported: findings,
    now: context.now,
  });
  return { findings, row };
}
