import type { FileReader } from '../disk/file-reader.ts';
import type { Layout } from './layout.ts';

/** Where the cluster keeps what it knows, and with it the truth about its authorities (products 3.1). */
export interface Datastore {
  /**
   * `etcd`: a member of the embedded one is here. `sqlite`: the file is here. `external`: a database of the operator.
   * `etcd-elsewhere`: the embedded one, on other servers. `none`: an agent has none. `unknown`: no file and no setting tells.
   */
  readonly kind: 'etcd' | 'sqlite' | 'external' | 'etcd-elsewhere' | 'none' | 'unknown';
  /** What tells: a node path, or a setting with its origin. */
  readonly evidence: string | undefined;
}

/** As far as files and settings tell. A member that is there wins over the settings, as it does when the product starts. */
export function datastoreOf({ role, dataDir, settings }: Layout, reader: FileReader): Datastore {
  if (role === 'agent') return { kind: 'none', evidence: undefined };
  const db = `${dataDir}/server/db`;
  const isThere = (path: string): boolean => reader.stat(path).state === 'present';
  const setting = (wanted: string): Datastore['evidence'] => {
    const found = settings.find(({ key }) => key === wanted);
    return found && `${found.key} in ${found.origin}`;
  };
  const etcd: Datastore = { kind: 'etcd', evidence: `${db}/etcd` };
  if (isThere(`${db}/etcd/member`)) return etcd;
  const endpoint = settings.find(({ key }) => key === 'datastore-endpoint');
  if (endpoint !== undefined)
    return { kind: endpoint.value === 'sqlite' ? 'sqlite' : 'external', evidence: setting('datastore-endpoint') };
  const evidence = setting('disable-etcd');
  if (evidence !== undefined) return { kind: 'etcd-elsewhere', evidence };
  if (isThere(`${db}/state.db`)) return { kind: 'sqlite', evidence: `${db}/state.db` };
  return isThere(`${db}/etcd`) ? etcd : { kind: 'unknown', evidence: undefined };
}
