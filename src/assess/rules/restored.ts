import { reasons, type ReasonCode } from '../../reason.ts';
import type { AssessContext } from '../context.ts';
import type { IssuerProblem } from '../issuer.ts';

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
