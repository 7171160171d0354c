import { mayWrite } from '../layout/written-files.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { reasons, type ReasonCode } from '../reason.ts';
import type { Finding } from './assessment.ts';

/** The pair works, and is not what it should be. */
export function isDrift({ code }: { readonly code: ReasonCode }): boolean {
  const { about, nature } = reasons[code];
  return about === 'leaf' && nature === 'drift';
}

/**
 * Drift is answered where it is: a pair of another identity is replaced by itself, as a damaged one is. When the whole
 * set has drifted (its authority is another one, the node has another name) the answer is the whole set.
 */
export function answerDrift(findings: readonly Finding[], inventory: Inventory): readonly Finding[] {
  const drifted = new Set(findings.filter((finding) => isDrift(finding)).map(({ id }) => id));
  if (drifted.size === 0) return findings;
  const isWhole = inventory.items.every(
    (item) =>
      item.kind !== 'leaf' ||
      !mayWrite(item.entry) ||
      item.certificateFile.state === 'absent' ||
      drifted.has(item.entry.id),
  );
  return isWhole ? findings : findings.map((finding) => (isDrift(finding) ? alone(finding) : finding));
}

function alone(finding: Finding): Finding {
  return {
    ...finding,
    answer: finding.answer === 'rotate' ? 'repair' : finding.answer,
    ...(finding.blocked === undefined ? {} : { blocked: { ...finding.blocked, answer: 'repair' as const } }),
  };
}
