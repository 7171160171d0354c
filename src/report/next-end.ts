import { instantOf } from '../time/rfc3339.ts';
import type { State } from '../state/state.ts';

/**
 * The certificate or authority that ends next. What has ended already is not next: either it is a reason of its own,
 * or the product makes it anew when it starts.
 * @param now milliseconds since the epoch, as is `at`
 */
export function nextEnd(state: State, now: number): { readonly id: string; readonly at: number } | undefined {
  const ends = Object.entries({ ...state.authorities, ...state.certificates }).flatMap(([id, { notAfter }]) => {
    const at = instantOf(notAfter);
    return at === undefined || at <= now ? [] : [{ id, at }];
  });
  return ends.toSorted((a, b) => a.at - b.at)[0];
}

/** Certificates, authorities included, that were on the node at the last check. */
export function certificateCount(state: State): number {
  return [...Object.values(state.certificates), ...Object.values(state.authorities)].filter(
    ({ fingerprint256 }) => fingerprint256 !== null,
  ).length;
}
