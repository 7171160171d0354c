import type { ExecutionContext } from 'ava';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeTree, type Tree, type TreeOptions } from '../fixtures/tree.ts';

/** A tree of its own for one test, gone with it. */
export function temporaryTree(t: ExecutionContext, options: Omit<TreeOptions, 'directory'> = {}): Tree {
  const directory = mkdtempSync(join(tmpdir(), 'certmend-road-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return makeTree({ ...options, directory });
}
