import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { NotRunHere } from '../scenarios/scenario.ts';

const mounted = '/sys/fs/cgroup';

/** One control group of its own, for nobody else, in every hierarchy that this machine has. */
export class ControlGroup {
  /** As the kernel names it: from the root of a hierarchy. */
  readonly name = `/certmend-${String(process.pid)}-${String(Date.now())}`;
  readonly #directories: readonly string[] = hierarchies().map((path) => join(path, this.name));

  /** @throws NotRunHere where no control group can be made: that is this machine's, and says nothing of certmend */
  make(): void {
    try {
      for (const directory of this.#directories) mkdirSync(directory);
    } catch (cause) {
      this.remove();
      throw new NotRunHere(`a kubelet needs control groups, and here none can be made: ${String(cause)}`, { cause });
    }
  }

  /** With those that were made below it; a group with processes stays. */
  remove(): void {
    for (const directory of this.#directories) if (existsSync(directory)) removeGroup(directory);
  }
}

function hierarchies(): readonly string[] {
  if (existsSync(join(mounted, 'cgroup.controllers'))) return [mounted];
  return readdirSync(mounted, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [join(mounted, entry.name)] : [],
  );
}

function removeGroup(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroup(join(directory, entry.name));
  try {
    rmdirSync(directory);
  } catch {
    // Busy: what it held ends in a moment, and an empty group that is left over costs nothing.
  }
}
