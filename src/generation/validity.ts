import { effectiveEnd } from '../assess/chain.ts';
import { parseCertificates, type Certificate } from '../x509/certificate.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { MaterialFile } from '../issue/material.ts';

export interface SetValidity {
  /** Latest notBefore and earliest effective notAfter over the leaves; ms since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Leaf entry id to the certificates of the authority's file on this node; empty when there is none. */
export type AnchorsOf = (id: string) => readonly Certificate[];

/**
 * When a whole set is good: from when its youngest leaf is, until the first leaf is worth nothing to its peers, which is
 * the end of the best chain that it has (assess/chain.ts). What does not parse counts for nothing here: verify/ judges.
 * Undefined when there is no certificate at all.
 * @param now milliseconds since the epoch
 * @param anchorsOf what the peers trust; without it, what each leaf carries is taken for that
 */
export function validityOf(
  files: readonly MaterialFile[],
  now: number,
  anchorsOf?: AnchorsOf,
): SetValidity | undefined {
  const leaves = files
    .filter(({ role }) => role === 'certificate')
    .flatMap(({ id, bytes }) => {
      const [leaf, ...carried] = certificatesIn(bytes);
      if (leaf === undefined) return [];
      const end = effectiveEnd(leaf, anchorsOf?.(id) ?? carried, carried, now);
      return [{ notBefore: leaf.notBefore, end }];
    });
  if (leaves.length === 0) return undefined;
  return {
    notBefore: Math.max(...leaves.map(({ notBefore }) => notBefore)),
    notAfter: Math.min(...leaves.map(({ end }) => end)),
  };
}

/** The anchors of a node, by leaf. */
export function anchorsOn({ items }: Inventory): AnchorsOf {
  const authorities = new Map<string, readonly Certificate[]>();
  const issuers = new Map<string, string>();
  for (const item of items) {
    if (item.kind === 'authority' && item.certificates.ok) authorities.set(item.entry.id, item.certificates.value);
    if (item.kind === 'leaf') issuers.set(item.entry.id, item.entry.issuer);
  }
  return (id) => authorities.get(issuers.get(id) ?? '') ?? [];
}

/** Lower-case hexadecimal SHA-256 fingerprint of the first certificate of a file; undefined when there is none. */
export function fingerprintOf(bytes: Uint8Array): string | undefined {
  return certificatesIn(bytes)[0]?.fingerprint256;
}

function certificatesIn(bytes: Uint8Array): readonly Certificate[] {
  const parsed = parseCertificates(Buffer.from(bytes));
  return parsed.ok ? parsed.value : [];
}
