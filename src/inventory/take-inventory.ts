import { posix } from 'node:path';
import type { FileReader } from '../disk/file-reader.ts';
import type { Layout } from '../layout/layout.ts';
import type { Inventory, UnknownFile } from './inventory.ts';
import { emptyMemory, type InventoryMemory } from './inventory-memory.ts';
import { strayName, lookAt, type Look } from './unknown-file.ts';
import { pathsOf, readerWithin, readItem } from './read-item.ts';

/**
 * Reads every file that the layout names, each once, and looks around in its directories. Whatever is on disk is a
 * value in the inventory; nothing here judges it and nothing throws.
 */
export function takeInventory(layout: Layout, reader: FileReader, memory: InventoryMemory = emptyMemory()): Inventory {
  const read = readerWithin(reader, layout.dataDir);
  const known = new Set(layout.entries.flatMap(pathsOf));
  const names = new Map<string, readonly string[]>();
  for (const directory of [...layout.scanDirectories, ...[...known].map((path) => posix.dirname(path))])
    if (!names.has(directory)) names.set(directory, reader.list(directory) ?? []);
  const pathsIn = (directory: string): readonly string[] =>
    (names.get(directory) ?? []).map((name) => posix.join(directory, name));
  // A memory of its own: these certificates openssl has not seen.
  const look: Look = { reader, read, memory: new Map() };
  const unknown = layout.scanDirectories
    .flatMap(pathsIn)
    .filter((path) => !known.has(path))
    .map((path) => lookAt(path, look))
    .filter((file): file is UnknownFile => file !== undefined);
  return {
    layout,
    items: layout.entries.map((entry) => readItem(entry, read, memory)),
    unknown,
    stray: [...names.keys()].flatMap(pathsIn).filter((path) => strayName.test(posix.basename(path))),
    pendingTriggers: layout.entries
      .flatMap((entry) => (entry.kind === 'listener' ? [entry.regenerateTrigger] : []))
      .filter((trigger) => reader.stat(trigger).state === 'present'),
  };
}
