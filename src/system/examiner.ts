import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { Examiner } from '../heal/examine.ts';
import { createStorage } from './storage.ts';

/** What `doctor` asks of the machine. Nothing is written: access(2) answers for the effective user. */
export function createExaminer(root: string, searchPath: string): Examiner {
  return {
    storage: createStorage(root),
    writeProblem: (directory) => writeProblem(join(root, directory)),
    hasProgram: (name) => searchPath.split(delimiter).some((place) => place !== '' && existsSync(join(place, name))),
    selinux: root === '/' && existsSync('/sys/fs/selinux/enforce'),
  };
}

function writeProblem(directory: string): string | undefined {
  let existing = directory;
  while (!existsSync(existing) && existing !== dirname(existing)) {
    existing = dirname(existing);
  }
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return `${existing} cannot be written: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`;
  }
}
