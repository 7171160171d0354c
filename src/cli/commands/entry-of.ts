import { nearestKey } from '../../config/nearest-key.ts';
import { CertmendError, exitStatus } from '../../error.ts';
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
