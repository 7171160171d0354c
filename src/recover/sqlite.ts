type Value = string | number | bigint | Uint8Array | null;

/** An open database, for this process alone; whole numbers come as bigint. Methods throw when SQLite refuses. */
export interface Sqlite {
  rows(statement: string, ...values: readonly Value[]): readonly Readonly<Record<string, Value>>[];
  run(statement: string, ...values: readonly Value[]): void;
  close(): void;
}
