import { reasons, type ReasonCode } from '../../reason.ts';
import type { Finding } from '../assessment.ts';
import type { AssessContext } from '../context.ts';
import type { IssuerProblem } from '../issuer.ts';

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

/**
 * Will the product have this authority again when it starts? A server restores a missing file of the bootstrap set from
 * its datastore, before it looks at its leaves (products 2, 2.4, 3.3). What lies there and differs it restores or refuses to
 * start with; either way its leaves are made by the authority of the datastore. Of one that certmend could not read nothing
 * is known: it may be as good as ever.
 */
export function productRestores(context: AssessContext, problem: IssuerProblem): boolean {
  return context.restores && problem.isUnread !== true && reasons[problem.code].atStart === 'restores';
}

/**
 * Is a damaged pair better gone? The product makes anew what is missing, and what it keeps as it is keeps its consumer
 * from starting, for ever. What is wrong only beside the authority's certificate is not said of it while that is in doubt.
 */
export function isBetterGone(context: AssessContext, problem: IssuerProblem, damage: ReasonCode): boolean {
  if (!productRestores(context, problem)) return false;
  const isCertain = problem.onlyKey && problem.code !== 'AuthorityKeyMismatch';
  const { atStart } = reasons[damage];
  return atStart === 'keeps' || (isCertain && atStart === 'judges');
}
