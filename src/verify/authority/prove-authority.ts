import { lifeUnder, maySign } from '../../assess/chain.ts';
import { firstGoChain, isGoRoot } from '../../assess/authority/go-chain.ts';
import type { LeafItem } from '../../inventory/inventory.ts';
import { issueLeaf, type IssuedLeaf } from '../../issue/issue-leaf.ts';
import type { NewAuthority } from '../../issue/authority/renew-authority.ts';
import type { AuthorityMaterial } from '../../issue/signing-authority.ts';
import { parseCertificates } from '../../x509/certificate.ts';
import { encodePem } from '../../x509/pem.ts';
import { parseFirstPrivateKey } from '../../x509/private-key.ts';
import { tlsClient, tlsServer } from '../credentials.ts';
import { shakeHands } from '../handshake.ts';
import { productRefusals } from './product-rules.ts';

export interface AuthorityProof {
  readonly handshakes: number;
  /** What is wrong with the new file, a clause each; empty when it may be sent. */
  readonly problems: readonly string[];
}

export interface ProofRequest {
  /** As it is on the disk. */
  readonly old: AuthorityMaterial;
  readonly made: NewAuthority;
  /** What the authority signed on this node. */
  readonly leaves: readonly LeafItem[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly clockIsShifted: boolean;
}

/**
 * Proves a new authority beside the old one, from the bytes that would be sent: the product's own rules, a chain of the file's own to
 * a root (the token goes by that), every leaf of the node still good under it, and real TLS conversations between a node
 * that has the old file and one that has the new one, in both directions (P4).
 */
export async function proveAuthority(request: ProofRequest): Promise<AuthorityProof> {
  const { old, made, now } = request;
  const refusals = productRefusals(old.certificates, made, now);
  const read = parseCertificates(made.certificatePem);
  const [signer, ...others] = read.ok ? read.value : [];
  if (refusals.length > 0 || signer === undefined) return { handshakes: 0, problems: refusals };
  const problems: string[] = [];
  if (!maySign(signer)) problems.push('its first certificate may not sign others');
  const roots = others.filter(isGoRoot);
  const intermediates = others.filter((certificate) => !isGoRoot(certificate));
  if (firstGoChain(signer, { roots, intermediates, now }) === undefined)
    problems.push('no chain of its new file leads to a root that is valid now');
  problems.push(...cutOff(request, [signer, ...others]));
  const talked = await talk(request);
  return { handshakes: talked.handshakes, problems: [...problems, ...talked.problems] };
}

/** Leaves of this node that are good now and would not be for a peer that has the new file. */
function cutOff({ old, leaves, now }: ProofRequest, anchors: AuthorityMaterial['certificates']): readonly string[] {
  return leaves.flatMap(({ entry, certificates }) => {
    const [leaf, ...carried] = certificates.ok ? certificates.value : [];
    if (leaf === undefined) return [];
    const isGoodUnder = (trusted: AuthorityMaterial['certificates']): boolean => {
      const life = lifeUnder(leaf, trusted, carried, now);
      return life !== undefined && life.notBefore <= now && now < life.notAfter;
    };
    return isGoodUnder(old.certificates) && !isGoodUnder(anchors)
      ? [`${entry.id}, which is good now, would not be trusted under it`]
      : [];
  });
}

interface Party {
  readonly leaf: IssuedLeaf;
  readonly trustedPem: Buffer;
  readonly name: 'the old' | 'the new';
}

const peer = 'peer.invalid';

async function talk(request: ProofRequest): Promise<AuthorityProof> {
  const { old, made, now } = request;
  const newKey = parseFirstPrivateKey(made.keyPem);
  const read = parseCertificates(made.certificatePem);
  if (!newKey.ok || !read.ok) return { handshakes: 0, problems: ['it cannot be read again'] };
  const before = partyOf(old, 'the old', now);
  const after = partyOf({ id: made.id, certificates: read.value, key: newKey.value.keyObject }, 'the new', now);
  const problems: string[] = [];
  const pairs = [
    [before, after],
    [after, before],
    [after, after],
  ] as const;
  for (const [server, client] of pairs) {
    const verdict = await shakeHands({
      server: tlsServer(credentialsOf(server)),
      client: tlsClient(credentialsOf(client)),
      serverName: peer,
      clockIsShifted: request.clockIsShifted,
    });
    const parties = `a server under ${server.name} file and a client under ${client.name}`;
    if (!verdict.ok) problems.push(`${parties} do not talk: ${verdict.code}`);
  }
  return { handshakes: pairs.length, problems };
}

function partyOf(authority: AuthorityMaterial, name: Party['name'], now: number): Party {
  const leaf = issueLeaf({
    authority,
    identity: { commonName: peer, organizations: [], dnsNames: [peer], ipAddresses: [] },
    extendedKeyUsages: ['serverAuth', 'clientAuth'],
    chainInFile: true,
    now,
    validityDays: 1,
  });
  const trustedPem = Buffer.concat(authority.certificates.map(({ der }) => encodePem('CERTIFICATE', der)));
  return { leaf, trustedPem, name };
}

function credentialsOf({ leaf, trustedPem }: Party): Parameters<typeof tlsClient>[0] {
  return { certificatePem: leaf.certificatePem, keyPem: leaf.keyPem, trustedPem };
}
