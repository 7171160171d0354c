import { renderBootstrapSet, type StoredFile } from '../bootstrap/bootstrap-set.ts';
import { fieldPaths } from '../bootstrap/field-paths.ts';
import { seal, storageKey } from '../bootstrap/seal.ts';
import { unreadClause, type FileReader } from '../disk/file-reader.ts';
import { rfc3339 } from '../time/rfc3339.ts';
import { insertColumns } from './kine-store.ts';
import { refused } from './refusal.ts';
import { renewSet, type RenewalContext, type RenewedSet } from './renewed-set.ts';

export interface ExternalStatement {
  readonly key: string;
  readonly renewed: RenewedSet;
  /** SQL, or for an etcd of the operator the bare value. Secret, though sealed with the token. */
  readonly text: string;
  /** How an operator applies it; `FILE` stands for the file's name. */
  readonly apply: string;
  /** How an operator sees beforehand that it is the right one. */
  readonly look: string;
}

/**
 * For a database that certmend has no way to and no credentials for: the set as it lies on this server's disk, renewed.
 *
 * @param scheme of the product's `datastore-endpoint`
 * @returns undefined when no authority has ended
 * @throws CertmendError RecoveryRefused
 */
export function externalStatement(
  scheme: string,
  passwords: readonly string[],
  context: RenewalContext,
): ExternalStatement | undefined {
  const dialect = dialectOf(scheme);
  if (dialect === undefined)
    throw refused(`for a datastore of the kind ${scheme} certmend does not know how a value is written`);
  const [password] = passwords;
  if (password === undefined) {
    throw refused(
      'no token is on this node, and without it the value cannot be made',
      'run the command on a server of the cluster that has its token',
    );
  }
  const renewed = renewSet(setOnDisk(context.reader, context.dataDir), context);
  const document = renewed && renderBootstrapSet(renewed.set);
  if (renewed === undefined || document === undefined) return undefined;
  const key = storageKey(password);
  const value = seal(document, password).toString('latin1');
  return { key, renewed, ...dialect(key, value) };
}

type Dialect = (key: string, value: string) => Pick<ExternalStatement, 'text' | 'apply' | 'look'>;

function dialectOf(scheme: string): Dialect | undefined {
  switch (scheme) {
    case 'mysql':
    case 'mariadb':
      return sql("'", "'", 'mysql DATABASE < FILE');
    case 'postgres':
    case 'postgresql':
      return sql("convert_to('", "', 'UTF8')", 'psql DATABASE -v ON_ERROR_STOP=1 -f FILE');
    case 'http':
    case 'https':
      return (key, value) => ({
        text: value,
        look: `etcdctl get --prefix --keys-only /bootstrap (must show ${key} and no other)`,
        apply: `etcdctl put ${key} < FILE`,
      });
    default:
      return undefined;
  }
}

/** Nothing in it needs quoting: the value is hexadecimal digits, a colon and base64, the key a path of such digits. */
function sql(before: string, after: string, apply: string): Dialect {
  return (key, value) => ({
    text: `-- certmend: the authorities of the cluster with new dates. One row is added, none is changed; the newest of a name counts.
-- If no row is added, the key is not in this database: stop, and nothing has happened.
BEGIN;
INSERT INTO kine(${insertColumns})
SELECT name, 0, 0, CASE WHEN created = 1 THEN id ELSE create_revision END, id, lease, ${before}${value}${after}, value
FROM kine WHERE id = (SELECT MAX(id) FROM kine WHERE name = '${key}') AND deleted = 0;
COMMIT;
`,
    look: `SELECT MAX(id), name FROM kine WHERE name LIKE '/bootstrap%' GROUP BY name (must show ${key} and no other)`,
    apply,
  });
}

/** As the product reads it when it first stores it (products 3.1). What is not there is empty, as it is for the product. */
function setOnDisk(reader: FileReader, dataDir: string): readonly StoredFile[] {
  return Object.entries(fieldPaths).flatMap(([field, name]) => {
    const path = `${dataDir}/server/${name}`;
    const file = reader.read(path);
    if (file.state === 'absent') return [];
    if (file.state !== 'regular') throw refused(`${path} ${unreadClause(file) ?? file.detail}`);
    return [{ field, timestamp: rfc3339(file.mtimeMs), content: file.bytes }];
  });
}
