import type { AuthorityItem, Inventory } from '../../inventory/inventory.ts';
import type { AuthorityEntry } from '../../layout/entry.ts';
import type { Layout } from '../../layout/layout.ts';
import type { SaidReason } from '../../reason.ts';
import { instant } from '../../time/rfc3339.ts';
import { span } from '../../time/span.ts';
import { dayMs } from '../../time/units.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { parsePrivateKeys, type PrivateKey } from '../../x509/private-key.ts';
import type { HealthLevel } from '../assessment.ts';
import { structureOf, type AuthorityStructure } from './authority-shape.ts';
import { endedAbove } from '../chain.ts';
import { fileFault } from '../file-fault.ts';
import { canSign, issuerOf } from '../issuer.ts';
import { tokenHash, type TokenHash } from './token-hash.ts';

/** So long before the first authority ends one begins to replace it: planned work, in a cluster that is well. */
export const beginBeforeMs = 730 * dayMs;

/** One authority, as a person who has to replace it wants to know it. Instants in milliseconds since the epoch. */
export interface AuthorityView {
  readonly entry: AuthorityEntry;
  readonly state: 'readable' | 'missing' | 'unreadable';
  readonly signer: Certificate | undefined;
  readonly certificates: readonly Certificate[];
  readonly structure: AuthorityStructure | undefined;
  readonly key: AuthorityKey;
  /** The key of the root that the signer leads to is on this node. */
  readonly isRootKeyHere: boolean;
  /** What a rotation has to make anew: under a root that lasts longer a new intermediate is enough. */
  readonly renewal: 'intermediate' | 'root' | undefined;
  /** Ids of what it signs on this node, and who uses that. */
  readonly signs: readonly string[];
  readonly usedBy: readonly string[];
}

export interface AuthorityKey {
  /** `elsewhere`: such a node never has it. `differs`: it is not the certificate's. */
  readonly state: 'fits' | 'differs' | 'missing' | 'unreadable' | 'elsewhere';
  readonly algorithm: string | undefined;
}

export interface AuthorityOverview {
  readonly authorities: readonly AuthorityView[];
  /** Undefined where there is no authority at all. */
  readonly level: HealthLevel | undefined;
  readonly reasons: readonly SaidReason[];
  readonly firstEnd: number | undefined;
  /** When one should begin to replace them. */
  readonly beginAt: number | undefined;
  /** What the token pins, computed from the file that it pins; undefined when that cannot be read. */
  readonly pinned: TokenHash | undefined;
  readonly rotation: Rotation | undefined;
}

/** What a rotation would be to the other nodes. */
export interface Rotation {
  /** `stays`: under the same root the hash in the token stays the same. */
  readonly token: 'stays' | 'changes';
  /** Who is restarted, in this order. */
  readonly restart: readonly ('servers' | 'agents' | 'pods')[];
}

/**
 * @param now milliseconds since the epoch
 * @param criticalDays with so many days left, or fewer, it is critical
 */
export function overviewOf(inventory: Inventory, now: number, criticalDays: number): AuthorityOverview {
  const { layout } = inventory;
  const items = inventory.items.filter(
    (item): item is AuthorityItem => item.kind === 'authority' && item.entry.copyOf === undefined,
  );
  const used = items.filter(({ entry }) => signedBy(entry.id, layout).length > 0);
  const authorities = used.map((item) => viewOf(item, layout, now));
  if (authorities.every(({ state }) => state === 'missing')) return { ...nothing, authorities, reasons: [] };
  const found = used.flatMap((item, index) => {
    const view = authorities[index];
    return view === undefined ? [] : problemsOf(item, view, now, criticalDays);
  });
  const ends = authorities.flatMap(({ structure }) => structure?.effectiveEnd ?? []);
  const firstEnd = ends.length === 0 ? undefined : Math.min(...ends);
  const pinnedId = originalOf(layout.supervisor?.authority, layout);
  const pinnedItem = used.find(({ entry }) => entry.id === pinnedId);
  const pinned = pinnedItem && pinnedBy(pinnedItem, now);
  return {
    authorities,
    level: levelOf(found.map(({ level }) => level)),
    reasons: found.map(({ reason }) => reason),
    firstEnd,
    beginAt: firstEnd === undefined ? undefined : firstEnd - beginBeforeMs,
    pinned,
    rotation: rotationOf(authorities, pinnedId, pinned, layout),
  };
}

const nothing = {
  level: undefined,
  firstEnd: undefined,
  beginAt: undefined,
  pinned: undefined,
  rotation: undefined,
} as const;

function viewOf(item: AuthorityItem, layout: Layout, now: number): AuthorityView {
  const { entry, certificateFile } = item;
  const certificates = item.certificates.ok ? item.certificates.value : [];
  const [signer] = certificates;
  const structure = structureOf(certificates, now);
  const root = structure?.root;
  const signed = signedBy(entry.id, layout);
  return {
    entry,
    state: signer !== undefined ? 'readable' : certificateFile.state === 'absent' ? 'missing' : 'unreadable',
    signer,
    certificates,
    structure,
    key: keyOf(item, signer),
    isRootKeyHere: root !== undefined && keysOf(item).some(({ spkiDer }) => spkiDer.equals(root.spkiDer)),
    renewal: signer && structure && renewalOf(signer, structure),
    signs: signed.map(({ id }) => id),
    usedBy: [...new Set(signed.map(({ consumer }) => consumer))],
  };
}

function renewalOf(signer: Certificate, { root, effectiveEnd }: AuthorityStructure): AuthorityView['renewal'] {
  return root !== undefined && root !== signer && root.notAfter > effectiveEnd ? 'intermediate' : 'root';
}

function signedBy(authority: string, { entries }: Layout): Layout['entries'] {
  return entries.filter((entry) => (entry.kind === 'leaf' || entry.kind === 'listener') && entry.issuer === authority);
}

function keyOf({ entry, key }: AuthorityItem, signer: Certificate | undefined): AuthorityKey {
  if (entry.keyPath === undefined || key === undefined) return { state: 'elsewhere', algorithm: undefined };
  if (!key.ok) return { state: key.missing ? 'missing' : 'unreadable', algorithm: undefined };
  const { algorithm, spkiDer } = key.value;
  return { state: signer !== undefined && spkiDer.equals(signer.spkiDer) ? 'fits' : 'differs', algorithm };
}

/** All of them: after a rotation the root's stands behind the signer's (products 4.4). */
function keysOf({ keyFile, key }: AuthorityItem): readonly PrivateKey[] {
  const all = keyFile?.state === 'regular' ? parsePrivateKeys(keyFile.bytes) : undefined;
  if (all?.ok === true) return all.value;
  return key?.ok === true ? [key.value] : [];
}

interface Found {
  readonly level: HealthLevel;
  readonly reason: SaidReason;
}

/** What is wrong with it, or near: in the codes of `check`, with its severities. */
function problemsOf(item: AuthorityItem, view: AuthorityView, now: number, criticalDays: number): readonly Found[] {
  const { entry, certificateFile, keyFile } = item;
  const { id, certificatePath: path } = entry;
  const found = (level: HealthLevel, code: SaidReason['code'], message: string): Found => ({
    level,
    reason: { code, id, message },
  });
  const { signer, structure, key } = view;
  const { problem } = issuerOf(item, now);
  if (signer === undefined || structure === undefined) {
    const clause = fileFault(path, certificateFile, item.certificates, 'a certificate')?.clause ?? problem?.clause;
    return [found('critical', problem?.code ?? 'AuthorityUnreadable', clause ?? `${id} cannot be read`)];
  }
  const all: Found[] = [];
  const left = structure.effectiveEnd - now;
  const end = `at ${instant(structure.effectiveEnd)}`;
  if (left < 0) {
    all.push(found('critical', 'AuthorityExpired', `${path} expired ${span(left)} ago, ${end}`));
  } else if (left <= Math.max(beginBeforeMs, criticalDays * dayMs)) {
    const level = left <= criticalDays * dayMs ? 'critical' : 'warning';
    all.push(found(level, 'AuthorityExpiring', `${path} expires in ${span(left)}, ${end}`));
  }
  if (problem?.onlyKey === false && !(problem.code === 'AuthorityExpired' && left < 0))
    all.push(found('critical', problem.code, problem.clause));
  const ended = endedAbove(view.certificates, now);
  if (ended !== undefined) {
    const clause = `${path}: ${ended.commonName}, above the certificate that signs, expired at ${instant(ended.notAfter)}`;
    all.push(found('warning', 'AuthorityUpperExpired', clause));
  }
  if (entry.keyPath === undefined || keyFile === undefined || item.key === undefined) return all;
  const { keyPath } = entry;
  if (key.state === 'missing') all.push(found('warning', 'AuthorityKeyMissing', `${keyPath} is missing`));
  if (key.state === 'unreadable') {
    const clause = fileFault(keyPath, keyFile, item.key, 'a private key')?.clause ?? `${keyPath} cannot be read`;
    all.push(found('critical', 'ProtectedFileDamaged', clause));
  }
  if (key.state === 'differs')
    all.push(found('critical', 'AuthorityKeyMismatch', `${keyPath} is not the key of ${path}`));
  if (key.state === 'fits' && item.key.ok && !canSign(item.key.value)) {
    const clause = `${keyPath} is of a type (${item.key.value.algorithm}) that certmend cannot sign with`;
    all.push(found('warning', 'AuthorityKeyUnsupported', clause));
  }
  return all;
}

function levelOf(levels: readonly HealthLevel[]): HealthLevel {
  if (levels.includes('critical')) return 'critical';
  return levels.includes('warning') ? 'warning' : 'ok';
}

/** A copy stands for what it is a copy of. */
function originalOf(id: string | undefined, { entries }: Layout): string | undefined {
  const entry = entries.find((other) => other.id === id);
  return entry?.kind === 'authority' ? (entry.copyOf ?? entry.id) : undefined;
}

function pinnedBy({ certificateFile, certificates }: AuthorityItem, now: number): TokenHash | undefined {
  if (certificateFile.state !== 'regular' || !certificates.ok) return undefined;
  return tokenHash(certificateFile.bytes, certificates.value, now);
}

/** Agents hold two of them, pods one: who holds a root that a rotation replaces has to read it again. */
function rotationOf(
  authorities: readonly AuthorityView[],
  pinnedId: string | undefined,
  pinned: TokenHash | undefined,
  { entries, role }: Layout,
): Rotation | undefined {
  const own = authorities.find(({ entry }) => entry.id === pinnedId);
  if (own?.renewal === undefined) return undefined;
  const held = new Set(entries.flatMap((entry) => (entry.kind === 'authority' ? (entry.copyOf ?? []) : [])));
  const isHeld = ({ entry }: AuthorityView): boolean => role === 'agent' || held.has(entry.id);
  const isNewToPods = own.renewal === 'root';
  const isKept = own.renewal === 'intermediate' && pinned?.root !== undefined && pinned.root === own.structure?.root;
  const isNewToAgents = !isKept || authorities.some((view) => isHeld(view) && view.renewal !== 'intermediate');
  return {
    token: isKept ? 'stays' : 'changes',
    restart: ['servers', ...(isNewToAgents ? (['agents'] as const) : []), ...(isNewToPods ? (['pods'] as const) : [])],
  };
}
