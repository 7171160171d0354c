import type { Inventory, Item } from '../inventory/inventory.ts';
import type { Certificate } from '../x509/certificate.ts';
import type { Layout } from '../layout/layout.ts';
import type { ClockBelief, Finding, Remembered } from './assessment.ts';
import { issuersOf, type Issuer } from './issuer.ts';

/** What an assessment is made of. Times in milliseconds since the epoch. */
export interface AssessInput {
  readonly inventory: Inventory;
  readonly now: number;
  readonly clock: ClockBelief;
  readonly remembered: Remembered;
  readonly settings: AssessSettings;
  /** The node's service runs now; undefined when that is not known (a tree under --root, no service manager). */
  readonly serviceRunning: boolean | undefined;
  /** What is served on the ports of the layout; empty when the service does not run. */
  readonly served?: Served | undefined;
  /** Until when a certificate is good that a process of the running service read at its start, and does not read again. */
  readonly heldUntil?: number | undefined;
  /** What says that this node has run before (`/…/server/token`, `the state of certmend`); see `lostSet`. */
  readonly traces?: readonly string[] | undefined;
  /** Findings that other parts made: a rebuilt state, a recovered transaction, the standby, the brake. */
  readonly extraFindings?: readonly Finding[] | undefined;
}

/** By port: the certificates that answer there, leaf first, as far as they could be read. No entry where nobody answers. */
export type Served = ReadonlyMap<number, readonly Certificate[]>;

export interface AssessSettings {
  /** A leaf with this many days left, or fewer, is due. */
  readonly renewBeforeDays: number;
  /** A leaf that only a person can help, with this many days left, is critical. */
  readonly leafCriticalDays: number;
  readonly authorityWarningDays: number;
  readonly authorityCriticalDays: number;
  /** The daemon renews what runs, and has done so while more than so many days are left; undefined when it does not. */
  readonly live?: { readonly doneByDays: number } | undefined;
  /** The same for the agent part, which a server of the cluster signs. */
  readonly liveAgentPart?: { readonly doneByDays: number } | undefined;
  /** Patterns of files that no table knows and that a person knows of. */
  readonly acknowledged?: readonly string[] | undefined;
}

/** The input once it has been looked over as a whole: what the judgement of one entry needs of the others. */
export interface AssessContext {
  readonly layout: Layout;
  readonly now: number;
  readonly clock: ClockBelief;
  readonly remembered: Remembered;
  readonly settings: AssessSettings;
  readonly serviceRunning: boolean | undefined;
  readonly served: Served;
  readonly heldUntil: number | undefined;
  readonly issuers: ReadonlyMap<string, Issuer>;
  readonly pendingTriggers: ReadonlySet<string>;
  readonly mounted: Inventory['mounted'];
  /**
   * At least one leaf that the product keeps on disk is there. Before the first start of the service (and right after
   * the product's own `certificate rotate`) none is, and the product makes them all: nothing is missing then.
   */
  readonly initialised: boolean;
  /** What says that the node has run before, whatever is left of its certificates. */
  readonly traces: readonly string[];
  /** Not one authority and not one leaf is there: an empty set satisfies nothing, and `lostSet` has the verdict. */
  readonly empty: boolean;
  /** The product restores what is missing of the bootstrap set when it starts: it is a server that can read its datastore. */
  readonly restores: boolean;
  /** Leaf entries by id, with whether their certificate file is there. */
  readonly leaves: ReadonlyMap<string, KnownLeaf>;
  /** Leaf entry id to the id of the authority that signs it. */
  readonly signers: ReadonlyMap<string, string>;
  /** Authorities that sign something on this node: the end of any other hurts nobody. */
  readonly used: ReadonlySet<string>;
  /** Fingerprint of an authority to the first entry that holds it: copies are not reported again. */
  readonly holders: ReadonlyMap<string, string>;
}

export interface KnownLeaf {
  readonly present: boolean;
  readonly optional: boolean;
  readonly certificatePath: string;
  readonly keyPath: string;
}

/** Looks over the whole inventory once. */
export function assessContext(input: AssessInput): AssessContext {
  const { inventory } = input;
  const leaves = new Map<string, KnownLeaf>();
  const signers = new Map<string, string>();
  const used = new Set<string>();
  const holders = new Map<string, string>();
  let initialised = false;
  let empty = true;
  for (const item of inventory.items) {
    if (item.kind === 'leaf') {
      const { id, optional, certificatePath, keyPath, reissuedAtStart } = item.entry;
      const present = item.certificateFile.state !== 'absent';
      signers.set(id, item.entry.issuer);
      used.add(item.entry.issuer);
      leaves.set(id, { present, optional, certificatePath, keyPath });
      if (present && !reissuedAtStart) initialised = true;
      if (present && (!reissuedAtStart || inventory.layout.role === 'agent')) empty = false;
    } else if (item.kind === 'listener') {
      used.add(item.entry.issuer);
    } else if (item.kind === 'authority' && item.certificateFile.state !== 'absent') {
      // The agent's copies are made at each start, and say nothing about the authorities of a server.
      if (!item.entry.reissuedAtStart || inventory.layout.role === 'agent') empty = false;
      if (!item.certificates.ok) continue;
      const fingerprint = item.certificates.value[0]?.fingerprint256;
      if (fingerprint !== undefined && !holders.has(fingerprint)) holders.set(fingerprint, item.entry.id);
    }
  }
  return {
    layout: inventory.layout,
    now: input.now,
    clock: input.clock,
    remembered: input.remembered,
    settings: input.settings,
    serviceRunning: input.serviceRunning,
    served: input.served ?? new Map(),
    heldUntil: input.heldUntil,
    issuers: issuersOf(inventory, input.now),
    pendingTriggers: new Set(inventory.pendingTriggers),
    mounted: inventory.mounted,
    initialised,
    traces: input.traces ?? [],
    empty,
    restores: inventory.layout.role === 'server' && !inventory.items.some(isLostToken),
    leaves,
    signers,
    used,
    holders,
  };
}

/** Without its token a server cannot read its datastore, and takes the node for a new one (products 2.4). */
function isLostToken(item: Item): boolean {
  // Optional: the configuration has it, and the product writes the file anew from there.
  return item.kind === 'document' && item.entry.id === 'token' && !item.entry.optional && !item.content.ok;
}
