import type { Layout } from '../../layout/layout.ts';
import { reasons, type ReasonCode } from '../../reason.ts';
import type { Finding } from '../assessment.ts';

/**
 * Findings that rest on what only the product's configuration says: names, ports, and what this node needs at all. Also
 * what is merely due, and what the product makes anew at its start: nothing of it keeps a node down.
 */
function restsOnConfiguration(code: ReasonCode): boolean {
  const { about, nature } = reasons[code];
  if (about !== 'leaf' && about !== 'kubeconfig') return false;
  return nature === 'drift' || nature === 'ending' || nature === 'missing';
}

/**
 * The findings of a node whose product configuration cannot be read: that itself, and of the others only what is plainly
 * broken is still answered. A wrong set would be made with half of the names; an emptied certificate is healed with those
 * that are known from its neighbours and from earlier runs.
 */
export function weakenedFindings(findings: readonly Finding[], layout: Layout): readonly Finding[] {
  if (layout.weakened === undefined) return findings;
  const { problem, hint } = layout.weakened;
  const unreadable: Finding = {
    code: 'ConfigurationUnreadable',
    id: undefined,
    path: undefined,
    severity: 'critical',
    message: `${problem}; only what is clearly broken is repaired, using the last known settings (data in ${layout.dataDir}, node ${layout.nodeName}) and the names on disk. ${hint}`,
    evidence: { problem, dataDir: layout.dataDir, nodeName: layout.nodeName },
    answer: 'operator',
  };
  return [
    unreadable,
    ...findings.map((finding): Finding => {
      const isMerelyDue = finding.code === 'ListenerExpired' && finding.severity !== 'critical';
      if (!(restsOnConfiguration(finding.code) || isMerelyDue) || finding.answer === 'operator') return finding;
      return {
        ...finding,
        blocked: undefined,
        severity: finding.severity === 'critical' ? 'warning' : finding.severity,
        answer: 'none',
      };
    }),
  ];
}
