import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { adoptLive } from '../../src/generation/material-set.ts';
import { bindingOf } from '../../src/generation/binding.ts';
import { createGenerationStore, type GenerationStore } from '../../src/generation/store.ts';
import type { Manifest } from '../../src/generation/generation.ts';
import { takeInventory } from '../../src/inventory/take-inventory.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { resolveLayout } from '../../src/layout/resolve-layout.ts';
import { readHostFacts } from '../../src/system/host-facts.ts';
import { createFileReader } from '../../src/system/files/node-file-reader.ts';
import { createFileWriter } from '../../src/system/files/node-file-writer.ts';
import { makeTree, type Tree, type TreeOptions } from '../fixtures/tree.ts';

export const createdAt = Date.parse('2027-12-05T03:04:05.678Z');
export const machineId = '0123456789abcdef0123456789abcdef';

/** A tree made with openssl, with the real adapters on it. */
export function nodeFor(t: ExecutionContext, options: Omit<TreeOptions, 'directory'> = {}): Tree {
  const directory = mkdtempSync(join(tmpdir(), 'certmend-generation-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return makeTree({ now: Date.parse('2027-06-01T00:00:00Z'), ...options, directory: join(directory, 'node') });
}

export function inventoryOf(tree: Tree): Inventory {
  const reader = createFileReader(tree.root);
  const answer = resolveLayout({ unit: tree.unit }, reader, readHostFacts(tree.root));
  if (!answer.ok) throw new Error(answer.problem);
  return takeInventory(answer.layout, reader);
}

/** A store with a reader that has seen nothing yet, as a new process would have. */
export function storeOn(tree: Tree): GenerationStore {
  return createGenerationStore({ reader: createFileReader(tree.root), writer: createFileWriter(tree.root) });
}

/** The live set, kept as a generation. */
export function keepLive(tree: Tree, number: number): Manifest {
  const inventory = inventoryOf(tree);
  return storeOn(tree).write({
    number,
    origin: 'adopted',
    createdAt,
    binding: bindingOf(inventory, machineId),
    files: adoptLive(inventory),
  });
}
