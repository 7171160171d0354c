import { nearestKey } from '../../config/nearest-key.ts';
import { CertmendError, exitStatus } from '../../error.ts';
import type { Entry } from '../../layout/entry.ts';
import { mayWrite } from '../../layout/written-files.ts';
import type { Layout } from '../../layout/layout.ts';

/** The error for an entry id that the layout does not have, with the nearest one it has. */
export function unknownEntry(id: string, layout: Layout): CertmendError {
  const ids = layout.entries.map((entry) => entry.id);
  const near = nearestKey(id, ids);
  return new CertmendError('Usage', `${layout.name} has no entry ${id}`, {
    exit: exitStatus.usage,
    hint:
      near === undefined
        ? 'certmend check lists the entries'
        : `did you mean ${near}? certmend check lists the entries`,
  });
}

/**
 * The leaves that a person named, for the question whether they are meant; none means all.
 * @param may the leaves that the command is for
 * @throws CertmendError Usage for an id that is none of them
 */
export function namedLeaves(ids: readonly string[], layout: Layout, may: (entry: Entry) => boolean = mayWrite): string {
  for (const id of ids) requireIssuable(id, layout, may);
  return ids.length === 0 ? 'every leaf certificate' : ids.join(', ');
}

function requireIssuable(id: string, layout: Layout, may: (entry: Entry) => boolean): void {
  const entry = layout.entries.find((other) => other.id === id);
  if (entry === undefined) throw unknownEntry(id, layout);
  if (entry.kind === 'leaf' && may(entry)) return;
  throw new CertmendError('Usage', `${id} is not a certificate that certmend issues on ${layout.name}`, {
    exit: exitStatus.usage,
    hint: `certmend why ${id} shows who makes it`,
  });
}
