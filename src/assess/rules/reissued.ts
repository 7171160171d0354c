import { reasons } from '../../reason.ts';
import type { Finding } from '../assessment.ts';
import type { AssessContext } from '../context.ts';

/**
 * Findings about a file that the product makes anew at each of its starts. While the service is down they are one note:
 * the next start replaces the file whatever is wrong with it. While it runs they are real, and a restart is the answer.
 * A key that would keep the product from starting, permissions, and what is served in its place stay what they are.
 */
export function leaveToProduct(
  findings: readonly Finding[],
  entry: { readonly id: string; readonly certificatePath: string },
  context: AssessContext,
): readonly Finding[] {
  const stay = findings.filter(isOurs);
  const product = findings.filter((finding) => !isOurs(finding));
  const [first] = product;
  if (first === undefined) return findings;
  const { product: name, unit } = context.layout;
  if (context.serviceRunning === true) {
    const restarted = product.map((finding): Finding =>
      // Near its end, and in time for the daemon: nobody has to do anything (validity.ts).
      finding.code === 'LeafRenewDue' && finding.severity === 'note'
        ? {
            ...finding,
            answer: 'none',
            message: `${finding.message}; the daemon has a server renew it while ${unit} runs`,
          }
        : {
            ...finding,
            answer: 'operator',
            message: `${finding.message}; ${name} recreates it at its start: systemctl restart ${unit}`,
          },
    );
    return [...restarted, ...stay];
  }
  const note: Finding = {
    code: 'ReissuedAtStart',
    id: entry.id,
    path: entry.certificatePath,
    severity: 'note',
    message: `${product.map((finding) => finding.message).join('; ')}; ${name} recreates it when ${unit} starts`,
    evidence: { ...first.evidence, found: product.map((finding) => finding.code).join(', ') },
    answer: 'none',
  };
  return [note, ...stay];
}

function isOurs(finding: Finding): boolean {
  const { nature } = reasons[finding.code];
  return finding.answer === 'quarantine' || nature === 'access' || nature === 'stale';
}
