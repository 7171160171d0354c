import type { SecureContext, Server } from 'node:tls';
import type { Inventory, LeafItem } from '../inventory/inventory.ts';
import type { LeafEntry } from '../layout/entry.ts';
import type { Conversation } from '../layout/layout.ts';
import type { ReasonCode } from '../reason.ts';
import { authorityOf, type Candidate } from './candidate.ts';
import { tlsClient, tlsServer } from './credentials.ts';
import { shakeHands, type HandshakeVerdict } from './handshake.ts';
import type { Failure } from './verdict.ts';

export interface ConversationRequest {
  /** By leaf id; undefined for a leaf of the set that is already known to be bad. */
  readonly set: ReadonlyMap<string, Candidate | undefined>;
  readonly inventory: Inventory;
  readonly clockIsShifted: boolean;
}

export interface ConversationReport {
  readonly handshakes: number;
  /** What is wrong with the set. */
  readonly failures: readonly Failure[];
  /** What is wrong with the node around it, for which a conversation could not be held: no fault of the set. */
  readonly notes: readonly Failure[];
}

type Present = Extract<Party, { state: 'present' }>;

/**
 * Lets every pair of the layout that talks, and of which the set brings at least one side, hold its TLS conversation.
 * One after the other: a handshake in memory is all computing, so nothing would be won by holding them at once.
 *
 * What is wrong with a neighbour that the set does not bring is never held against the set: the neighbour is live, it is
 * as it is with the old set too, and often nothing can help it (the key of its authority is gone). So a repair goes on
 * without that one conversation, and says so.
 */
export async function holdConversations(request: ConversationRequest): Promise<ConversationReport> {
  const { set, inventory, clockIsShifted } = request;
  const failures: Failure[] = [];
  const notes: Failure[] = [];
  const tell = (failure: Failure): void => {
    (set.has(failure.id) ? failures : notes).push(failure);
  };
  const servers = new Map<string, Server | undefined>();
  const clients = new Map<string, SecureContext | undefined>();
  let handshakes = 0;
  for (const conversation of inventory.layout.conversations) {
    if (!set.has(conversation.server) && !set.has(conversation.client)) continue;
    const serverParty = partyOf(conversation.server, set, inventory);
    const clientParty = partyOf(conversation.client, set, inventory);
    for (const party of [serverParty, clientParty]) if (party.state === 'failed') party.failures.forEach(tell);
    if (serverParty.state !== 'present' || clientParty.state !== 'present') continue;

    const server = prepared(servers, serverParty, conversation.serverTrusts, inventory, tell, tlsServer);
    const client = prepared(clients, clientParty, conversation.clientTrusts, inventory, tell, tlsClient);
    if (server === undefined || client === undefined) continue;
    const { serverName } = conversation;
    const verdict = await shakeHands({ server, client, serverName, clockIsShifted });
    handshakes += 1;
    if (verdict.ok) continue;
    tell(failureOf(verdict, conversation, serverParty, clientParty, set));
    // What the broken connection still reports must not be taken for news of the next one.
    servers.delete(sideName(serverParty.entry, conversation.serverTrusts));
  }
  return { handshakes, failures, notes };
}

/** The TLS side of a party, made once for each authority it trusts; undefined when that failed, which is then named. */
function prepared<T>(
  known: Map<string, T | undefined>,
  { entry, certificatePem, keyPem }: Present,
  trusts: string,
  inventory: Inventory,
  tell: (failure: Failure) => void,
  make: (credentials: { certificatePem: Buffer; keyPem: Buffer; trustedPem: Buffer }) => T,
): T | undefined {
  const name = sideName(entry, trusts);
  if (known.has(name)) return known.get(name);
  const authority = authorityOf(trusts, inventory);
  const file = authority?.certificateFile;
  let made: T | undefined;
  if (authority?.certificates.ok !== true || file?.state !== 'regular') {
    const code = file === undefined || file.state === 'absent' ? 'AuthorityMissing' : 'AuthorityUnreadable';
    const path = authority?.entry.certificatePath ?? entry.certificatePath;
    tell({ id: trusts, path, code, message: `${entry.id} cannot check its peers without it` });
  } else {
    try {
      made = make({ certificatePem, keyPem, trustedPem: file.bytes });
    } catch (error) {
      tell(unusable(entry.id, entry.certificatePath, error));
    }
  }
  known.set(name, made);
  return made;
}

function sideName(entry: LeafEntry, trusts: string): string {
  return `${entry.id} ${trusts}`;
}

function unusable(id: string, path: string, error: unknown): Failure {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
  const mismatch = code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH';
  return {
    id,
    path,
    code: mismatch ? 'KeyMismatch' : 'VerificationFailed',
    message: `TLS cannot use its pair: ${code}`,
  };
}

/** What OpenSSL's verification errors mean in certmend's words (openssl-verify(1)). */
const reasons: Readonly<Record<string, ReasonCode>> = {
  CERT_HAS_EXPIRED: 'LeafExpired',
  CERT_NOT_YET_VALID: 'LeafNotYetValid',
  CERT_SIGNATURE_FAILURE: 'SignatureInvalid',
  INVALID_PURPOSE: 'UsageMismatch',
  UNABLE_TO_GET_ISSUER_CERT: 'IssuerMismatch',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'IssuerMismatch',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'IssuerMismatch',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'IssuerMismatch',
  SELF_SIGNED_CERT_IN_CHAIN: 'IssuerMismatch',
  AUTHORITY_KEY_ID_MISMATCH: 'IssuerMismatch',
  ERR_TLS_CERT_ALTNAME_INVALID: 'SanMissing',
};

function failureOf(
  verdict: Exclude<HandshakeVerdict, { ok: true }>,
  conversation: Conversation,
  server: Present,
  client: Present,
  set: ReadonlyMap<string, unknown>,
): Failure {
  // A handshake that broke without a refusal is held against the side that is new.
  const isOfClient = verdict.about === 'client' || (verdict.about === 'neither' && !set.has(server.entry.id));
  const blamed = isOfClient ? client.entry : server.entry;
  const peer = isOfClient ? server.entry : client.entry;
  const trusts = isOfClient ? conversation.serverTrusts : conversation.clientTrusts;
  return {
    id: blamed.id,
    path: blamed.certificatePath,
    code: reasons[verdict.code] ?? 'VerificationFailed',
    message: `its TLS handshake with ${peer.id} as ${conversation.serverName}, checked with ${trusts}, failed: ${verdict.code}`,
  };
}

/** One side of a conversation: the pair of the set, else the pair that is live. */
type Party =
  | { readonly state: 'present'; readonly entry: LeafEntry; readonly certificatePem: Buffer; readonly keyPem: Buffer }
  /** Nobody talks here: the node has no such leaf, or the product makes it anew when it starts. */
  | { readonly state: 'none' }
  | { readonly state: 'failed'; readonly failures: readonly Failure[] };

/** @param set the leaves of the set that are sound in themselves; undefined for one that has already failed */
function partyOf(id: string, set: ReadonlyMap<string, Candidate | undefined>, inventory: Inventory): Party {
  if (set.has(id)) {
    const candidate = set.get(id);
    return candidate === undefined ? { state: 'failed', failures: [] } : { state: 'present', ...candidate };
  }
  const item = inventory.items.find((one): one is LeafItem => one.kind === 'leaf' && one.entry.id === id);
  return item === undefined ? { state: 'none' } : liveParty(item);
}

function liveParty({ entry, certificateFile, keyFile, certificates, key }: LeafItem): Party {
  if (entry.reissuedAtStart) return { state: 'none' };
  if (certificateFile.state === 'regular' && keyFile.state === 'regular' && certificates.ok && key.ok)
    return { state: 'present', entry, certificatePem: certificateFile.bytes, keyPem: keyFile.bytes };
  if (entry.optional && certificateFile.state === 'absent') return { state: 'none' };
  const failures: Failure[] = [];
  const base = { id: entry.id, message: 'its file' };
  if (!certificates.ok) {
    const code = certificates.missing ? 'LeafMissing' : 'LeafUnreadable';
    failures.push({
      ...base,
      path: entry.certificatePath,
      code,
      message: `${base.message} ${certificates.problems.join(', ')}`,
    });
  }
  if (!key.ok) {
    const code = key.missing ? 'KeyMissing' : 'KeyUnreadable';
    failures.push({ ...base, path: entry.keyPath, code, message: `${base.message} ${key.problems.join(', ')}` });
  }
  return { state: 'failed', failures };
}
