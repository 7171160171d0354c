import type { Entry, LeafEntry, SupervisorPath } from './entry.ts';

/**
 * May certmend write this entry at all? Everything that issues, repairs, stores or recovers asks here. What the product
 * makes anew at each of its starts is the product's (products 2.1); what is protected is nobody's (P2).
 */
export function mayWrite({ protected: isProtected, reissuedAtStart }: Entry): boolean {
  return !isProtected && !reissuedAtStart;
}

/** A leaf of the agent part: a server of the cluster signs it. */
export type AgentLeaf = LeafEntry & { readonly signedBySupervisor: SupervisorPath };

/** A leaf that the product makes anew at its start, and that a server signs anew while it runs: certificate only, never a key. */
export function isOfAgentPart(entry: Entry): entry is AgentLeaf {
  return entry.kind === 'leaf' && entry.reissuedAtStart && !entry.protected && entry.signedBySupervisor !== undefined;
}

/** A certificate is no secret, and one that is written over keeps the mode that it has. */
const widestCertificateMode = 0o644;

/**
 * The files of an entry that certmend may put in place or take away, each with the widest mode that it is given: all
 * that a commit, or its recovery, ever writes.
 */
export function writtenModes(entry: Entry): readonly (readonly [path: string, mode: number])[] {
  if (isOfAgentPart(entry)) return [[entry.certificatePath, widestCertificateMode]];
  if (!mayWrite(entry)) return [];
  switch (entry.kind) {
    case 'leaf':
      return [
        [entry.keyPath, entry.keyMode],
        [entry.certificatePath, entry.certificateMode],
      ];
    case 'listener':
      return [
        [entry.path, 0o600],
        [entry.regenerateTrigger, 0o600],
      ];
    case 'kubeconfig':
      return entry.writable ? [[entry.path, entry.mode]] : [];
    case 'key':
      return [[entry.path, 0o600]];
    case 'authority':
    case 'document':
      return [];
  }
}

/** The same files, by their paths alone. */
export function writtenFiles(entry: Entry): readonly string[] {
  return writtenModes(entry).map(([path]) => path);
}
