import type { Inventory } from '../inventory/inventory.ts';
import type { Certificate } from '../x509/certificate.ts';
import { emptyMemory, type InventoryMemory } from '../inventory/inventory-memory.ts';
import type { MaterialFile } from '../issue/material.ts';
import { checkAcceptance, checkAuthority, checkChain } from './acceptance.ts';
import { candidatesOf, type Candidate } from './candidate.ts';
import { holdConversations } from './conversations.ts';
import type { Failure, Verdict } from './verdict.ts';

export type { Verdict } from './verdict.ts';

export interface VerifyRequest {
  /** A complete set, as it was read back from disk. Kubeconfigs and triggers in it are passed over. */
  readonly files: readonly MaterialFile[];
  /** The node as it is: the authorities on disk, and the pairs that the set does not bring. */
  readonly inventory: Inventory;
  /** What this command has parsed so far; the set is parsed from its own bytes either way. */
  readonly memory?: InventoryMemory | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** True in a rehearsal: `now` is not what the machine's clock says, which OpenSSL reads by itself. */
  readonly clockIsShifted: boolean;
  /** Let pass what the product will renew at its next start: an earlier set that a person wants back. */
  readonly acceptRenewDue?: boolean | undefined;
  /** The very same bytes have held their handshakes under the very same authorities: all the rest is looked at again. */
  readonly handshakesHeld?: boolean | undefined;
}

/**
 * P4: proves a set before it goes live. Every leaf is parsed, matched with its key, chained to the authority on disk at
 * `now` and compared with what the product will check; then every pair that talks holds a real TLS handshake.
 * @returns all failures, each with its entry, file and reason; never throws for what the bytes are
 */
export async function verifyMaterial(request: VerifyRequest): Promise<Verdict> {
  const { files, inventory, now, clockIsShifted } = request;
  const days = request.acceptRenewDue === true ? 0 : inventory.layout.productRenewDays;
  const failures: Failure[] = [];
  const set = new Map<string, Candidate | undefined>();
  const signers = new Map<string, Certificate | undefined>();
  for (const candidacy of candidatesOf(files, inventory, request.memory ?? emptyMemory())) {
    if (!candidacy.ok) {
      failures.push(...candidacy.failures);
      for (const failure of candidacy.failures) set.set(failure.id, undefined);
      continue;
    }
    const { candidate } = candidacy;
    const signer = signerOf(candidate, now, signers, failures);
    const wrong =
      signer === undefined
        ? undefined
        : [...checkChain(candidate, now), ...checkAcceptance(candidate, signer, { now, days })];
    failures.push(...(wrong ?? []));
    set.set(candidate.entry.id, wrong?.length === 0 ? candidate : undefined);
  }
  const talks =
    request.handshakesHeld === true
      ? { handshakes: 0, failures: [], notes: [] }
      : await holdConversations({ set, inventory, clockIsShifted });
  failures.push(...talks.failures);
  return failures.length === 0
    ? { ok: true, verified: set.size, handshakes: talks.handshakes, notes: distinct(talks.notes).map(noteOf) }
    : { ok: false, failures: distinct(failures) };
}

/** Checked once for all its leaves, and named once when it is bad. */
function signerOf(
  candidate: Candidate,
  now: number,
  known: Map<string, Certificate | undefined>,
  failures: Failure[],
): Certificate | undefined {
  const { entry, authority } = candidate;
  if (known.has(entry.issuer)) return known.get(entry.issuer);
  const verdict = authority === undefined ? undefined : checkAuthority(authority, now);
  if (verdict === undefined) {
    const message = 'the layout of this node has no such authority';
    failures.push({ id: entry.issuer, path: entry.certificatePath, code: 'AuthorityMissing', message });
  } else if (!verdict.ok) {
    failures.push(verdict.failure);
  }
  const signer = verdict?.ok === true ? verdict.signer : undefined;
  known.set(entry.issuer, signer);
  return signer;
}

function noteOf({ id, message }: Failure): string {
  return `${id} on disk could not take part in verifying the new set: ${message}`;
}

function distinct(failures: readonly Failure[]): readonly Failure[] {
  return [...new Map(failures.map((failure) => [JSON.stringify(failure), failure])).values()];
}
