import type { AssessContext } from './context.ts';

/** Where a person reads on about an authority that has to be replaced. */
const readMore = 'see man certmend and docs/operations.md#authorities';

/** What a person does about an authority that is still good: the product replaces it, while everything runs (facts 4.3). */
export function replaceAuthority({ layout }: AssessContext): string {
  return `${layout.product} certificate rotate-ca (${readMore})`;
}

/** The same once it is too late: the product's command asks a server that runs, over TLS that works (facts 3.5). */
export function endedAuthority({ layout }: AssessContext): string {
  return `certmend cannot replace an authority, and ${layout.product} certificate rotate-ca needs a cluster that runs: ${readMore}`;
}

/**
 * What a person does about a damaged file of the bootstrap set. Taken away, not mended: the product puts back what its
 * datastore holds when the file is missing, and refuses to start when it is there and different (facts 3.3, 3.4).
 * @param restored false for what is in no datastore, such as a token: taking that away would cost the node its cluster
 */
export function damagedRemedy({ layout }: AssessContext, path: string, restored = true): string {
  return layout.role === 'server' && restored
    ? `certmend never writes it: move it away (mv '${path}' '${path}.damaged') and start ${layout.unit}, which restores it from its datastore`
    : `certmend never writes it: put its old bytes back from a backup`;
}

/** The same for one that is not there. */
export function missingRemedy({ layout, initialised, traces }: AssessContext, path: string, restored = true): string {
  if (!initialised && traces.length === 0 && layout.role === 'server')
    return `${layout.product} makes it when ${layout.unit} first starts`;
  return layout.role === 'server' && restored
    ? `start ${layout.unit}, which restores it from its datastore, or put ${path} back from a backup`
    : `put ${path} back from a backup`;
}
