import { DatabaseSync } from 'node:sqlite';
import type { Sqlite } from '../recover/sqlite.ts';
import { hostPlace } from './files/host-place.ts';

/** Opens a database below `root` for this process alone: who else has it open makes the first statement fail. */
export function createSqlite(root: string): (path: string) => Sqlite {
  return (path) => {
    const database = new DatabaseSync(hostPlace(root, path), { readBigInts: true, allowExtension: false });
    // Before the first page is read: then the log needs no shared memory, and other processes are kept out for good.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    return {
      rows: (statement, ...values) => database.prepare(statement).all(...values),
      run: (statement, ...values) => {
        database.prepare(statement).run(...values);
      },
      close: () => {
        database.close();
      },
    };
  };
}
