import type { FileReader } from '../disk/file-reader.ts';
import { CertmendError } from '../error.ts';
import { loadState } from '../state/load-state.ts';
import type { State } from '../state/state.ts';

/** The state as it is saved now; undefined when there is none that can be read this time, for want of open files too. */
export function savedState(reader: FileReader): State | undefined {
  try {
    const loaded = loadState(reader);
    return loaded.kind === 'loaded' ? loaded.state : undefined;
  } catch (error) {
    // A moment's shortage ends no daemon: the next check meets it again, and tells it.
    if (error instanceof CertmendError) return undefined;
    throw error;
  }
}
