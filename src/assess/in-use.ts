/**
 * `2 of 3 that answer on their ports are those on disk; not serving-kube-apiserver`: right on disk is not in use.
 *
 * @param served what answers, by entry; at least one
 */
export function inUseClause(served: readonly { readonly id: string; readonly current: boolean }[]): string {
  const others = served.filter(({ current }) => !current).map(({ id }) => id);
  const count = `${String(served.length - others.length)} of ${String(served.length)}`;
  const names = others.length === 0 ? '' : `; not ${others.join(', ')}`;
  return `${count} served certificates match the disk${names}`;
}
