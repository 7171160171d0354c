import { createHash } from 'node:crypto';
import type { Inventory } from '../inventory/inventory.ts';
import type { MaterialFile } from '../issue/material.ts';

/**
 * What the outcome of a set's TLS handshakes rests on, as one digest: every byte of the set, and every byte of every
 * authority on disk. A set whose digest is remembered has held them; dates, chains and identities are looked at again
 * each time, since they rest on the clock and on the configuration too.
 * @returns SHA-256, 64 hexadecimal digits
 */
export function proofOf(inventory: Inventory, files: readonly MaterialFile[]): string {
  const hash = createHash('sha256');
  for (const item of inventory.items) {
    if (item.kind !== 'authority' || item.certificateFile.state !== 'regular') continue;
    hash.update(`authority ${item.entry.id} ${item.certificateFile.sha256}\n`);
  }
  for (const { path, bytes } of files) hash.update(`file ${path} ${String(bytes.length)}\n`).update(bytes);
  return hash.digest('hex');
}
