import type { ReasonCode } from '../reason.ts';
import type { AssessContext } from './context.ts';
import type { IssuerProblem } from './issuer.ts';

/** Files of an authority that are damaged or gone, as against one that is whole and has ended. */
const ofTheFiles: ReadonlySet<ReasonCode> = new Set([
  'AuthorityMissing',
  'AuthorityUnreadable',
  'AuthorityKeyMissing',
  'AuthorityKeyMismatch',
  'ProtectedFileDamaged',
]);

/**
 * Will the product have this authority again when it starts? A server restores a missing file of the bootstrap set from
 * its datastore, before it looks at its leaves (products 2, 2.4, 3.3). What lies there and differs it restores or refuses to
 * start with; either way its leaves are made by the authority of the datastore.
 */
export function productRestores(context: AssessContext, problem: IssuerProblem): boolean {
  return context.restores && ofTheFiles.has(problem.code);
}

/** The product looks at dates, names and key identifiers, and at nothing else (products 2.1): such a pair it would keep. */
const keptAsItIs: ReadonlySet<ReasonCode> = new Set([
  'LeafUnreadable',
  'KeyUnreadable',
  'KeyMismatch',
  'UsageMismatch',
  'LeafNotYetValid',
]);

/** What is wrong only beside the authority's certificate: not said of a leaf while that certificate is in doubt. */
const besideAuthority: ReadonlySet<ReasonCode> = new Set(['IssuerMismatch', 'SignatureInvalid']);

/**
 * Is a damaged pair better gone? The product makes anew what is missing, and what it keeps as it is keeps its consumer
 * from starting, for ever.
 */
export function isBetterGone(context: AssessContext, problem: IssuerProblem, damage: ReasonCode): boolean {
  if (!productRestores(context, problem)) return false;
  const isCertain = problem.onlyKey && problem.code !== 'AuthorityKeyMismatch';
  return keptAsItIs.has(damage) || (isCertain && besideAuthority.has(damage));
}
