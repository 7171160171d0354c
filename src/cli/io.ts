/** Where a command prints and what it may know of its surroundings. main.ts hands in the process's own. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asks a yes/no question on the terminal; undefined when there is nobody to ask. */
  readonly confirm: ((question: string) => Promise<boolean>) | undefined;
  /** Asks for a word on the terminal; undefined when there is nobody to ask. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
  /** Files of the program itself that are not as they were built; asked only when something failed that nobody expected. */
  readonly damagedParts: () => readonly string[];
}

export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  readonly columns: number | undefined;
}
