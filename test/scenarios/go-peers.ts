import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lifeUnder } from '../../src/assess/chain.ts';
import { nameFault } from '../../src/x509/general-name.ts';
import { parseCertificates, type Certificate } from '../../src/x509/certificate.ts';
import { authorityExtensions } from '../fixtures/authorities.ts';
import { newKey, signCertificates, type Signer, type Validity } from '../fixtures/sign.ts';
import { day, makeTree, type ChainKind, type Tree } from '../fixtures/tree.ts';
import { prestart } from './certmend.ts';
import { goPeer, type AskPeer, type PeerQuestion } from './go-peer.ts';
import { programs, type Scenario } from './scenario.ts';
import { inScratch } from './scratch.ts';

/** The peers of a node are Go programs: what crypto/x509 accepts is what works. The second judge, beside openssl. */
export const goPeers: readonly Scenario[] = [
  {
    name: 'a Go peer refuses the expired set and accepts the set that prestart made, names and handshakes, under every kind of authority file',
    needs: [programs.go, programs.openssl, programs.flock, programs.cp],
    isHeavy: false,
    run: async () => await inScratch(healedUnderEveryChain),
  },
  {
    name: 'a Go peer judges chains as certmend does, whatever is trusted and whatever is carried',
    needs: [programs.go, programs.openssl],
    isHeavy: false,
    run: async () => await inScratch(sameRule),
  },
  {
    name: 'a Go peer can use every name that certmend issues, and can hold none outside of ASCII',
    needs: [programs.go],
    isHeavy: false,
    run: sameNames,
  },
];

const chains: readonly ChainKind[] = ['single', 'four', 'old-root-ended', 'no-root', 'expired-upper', 'path-length'];

async function healedUnderEveryChain(scratch: string): Promise<string> {
  const ask = await goPeer();
  let asked = 0;
  for (const chain of chains) {
    const tree = makeTree({ directory: join(scratch, chain), chain, leaf: 'expired' });
    const now = Date.now();
    const before = ask(verifications(tree, now));
    assert.ok(before.length > 30 && before.every((answer) => answer !== ''), `${chain}: nobody accepts an expired set`);
    const healed = await prestart(tree, '--strict');
    assert.equal(healed.status, 0, `${chain}: ${healed.stderr}`);
    const questions = [...verifications(tree, now), ...verifications(tree, now + 360 * day), ...handshakes(tree, now)];
    accepts(questions, ask(questions), chain);
    asked += questions.length;
  }
  return `${String(asked)} questions under ${chains.join(', ')}`;
}

function accepts(questions: readonly PeerQuestion[], answers: readonly string[], what: string): void {
  const refused = answers.flatMap((answer, index) =>
    answer === '' ? [] : [`${what}: ${JSON.stringify(questions[index])}: ${answer}`],
  );
  assert.deepEqual(refused, []);
}

/** Every leaf that certmend answers for, for each of its usages, and a server for each of its names. */
function verifications(tree: Tree, at: number): readonly PeerQuestion[] {
  return tree.leaves
    .filter(({ reissuedAtStart }) => !reissuedAtStart)
    .flatMap((leaf) => {
      const common = {
        kind: 'verify' as const,
        leaf: tree.host(leaf.certificatePath),
        trusts: tree.host(tree.authority(leaf.issuer).certificatePath),
        at,
      };
      return leaf.purposes.flatMap((purpose): PeerQuestion[] =>
        purpose === 'sslclient'
          ? [{ ...common, usage: 'client' }]
          : [...leaf.dnsNames, ...leaf.ipAddresses].map((name) => ({ ...common, usage: 'server', name })),
      );
    });
}

function handshakes(tree: Tree, at: number): readonly PeerQuestion[] {
  const talks = [
    ['serving-kube-apiserver', 'client-admin', '127.0.0.1'],
    ['serving-kube-apiserver', 'client-auth-proxy', 'kubernetes.default.svc'],
    ['etcd/server-client', 'etcd/client', 'localhost'],
    ['etcd/peer-server-client', 'etcd/peer-server-client', tree.nodeIp],
  ] as const;
  return talks.map(([server, client, name]) => ({
    kind: 'handshake',
    server: side(tree, server, tree.leaf(client).issuer),
    client: side(tree, client, tree.leaf(server).issuer),
    name,
    at,
  }));
}

function side(tree: Tree, id: string, trusts: string): { certificate: string; key: string; trusts: string } {
  const { certificatePath, keyPath } = tree.leaf(id);
  return {
    certificate: tree.host(certificatePath),
    key: tree.host(keyPath),
    trusts: tree.host(tree.authority(trusts).certificatePath),
  };
}

/**
 * A signer, one above it and a root, each of them once as it is and once renewed with its old key, the old one ended: all
 * of the 64 sets of them as the trusted file, with all 64 as what the leaf carries, at two instants.
 */
async function sameRule(scratch: string): Promise<string> {
  const ask = await goPeer();
  const now = Math.floor(Date.now() / day) * day;
  const { leaf, authorities } = hierarchy(now);
  const sets = Array.from({ length: 2 ** authorities.length }, (_, mask) =>
    authorities.filter((_authority, index) => (mask & (1 << index)) !== 0),
  );
  mkdirSync(join(scratch, 'sets'));
  const questions: PeerQuestion[] = [];
  const expected: boolean[] = [];
  const subject = only(leaf);
  for (const [carries, carried] of sets.entries()) {
    writeFileSync(join(scratch, 'sets', `leaf-${String(carries)}`), leaf + carried.join(''));
    for (const [trusts, trusted] of sets.entries()) {
      // A Go peer without any anchor takes those of the system: no peer of the products has an empty file.
      if (trusted.length === 0) continue;
      if (carries === 0) writeFileSync(join(scratch, 'sets', `trusts-${String(trusts)}`), trusted.join(''));
      for (const at of [now, now + 200 * day]) {
        questions.push({
          kind: 'verify',
          leaf: join(scratch, 'sets', `leaf-${String(carries)}`),
          trusts: join(scratch, 'sets', `trusts-${String(trusts)}`),
          usage: 'client',
          at,
        });
        const life = lifeUnder(subject, trusted.map(only), carried.map(only), at);
        expected.push(life !== undefined && life.notBefore <= at && at <= life.notAfter);
      }
    }
  }
  const answers = ask(questions);
  const differing = answers.flatMap((answer, index) =>
    (answer === '') === expected[index] ? [] : [`${JSON.stringify(questions[index])}: ${answer || 'accepted'}`],
  );
  assert.deepEqual(differing.slice(0, 5), [], `${String(differing.length)} of ${String(answers.length)} differ`);
  const accepted = expected.filter(Boolean).length;
  assert.ok(accepted > 1000 && accepted < answers.length - 1000, String(accepted));
  const cases = givenChains(ask);
  return `${String(answers.length)} chains, ${String(accepted)} of them good; ${cases}`;
}

const parsed = new Map<string, Certificate>();

/** The one certificate of a PEM text, parsed once: what was verified is remembered by the object. */
function only(pem: string): Certificate {
  const known = parsed.get(pem);
  if (known !== undefined) return known;
  const [certificate] = certificatesOf(pem);
  assert.ok(certificate);
  parsed.set(pem, certificate);
  return certificate;
}

function certificatesOf(pem: string): readonly Certificate[] {
  const answer = parseCertificates(Buffer.from(pem));
  assert.ok(answer.ok);
  return answer.value;
}

function hierarchy(now: number): { readonly leaf: string; readonly authorities: readonly string[] } {
  const ended: Validity = { notBefore: now - 900 * day, notAfter: now - 10 * day };
  const short: Validity = { notBefore: now - 20 * day, notAfter: now + 100 * day };
  const long: Validity = { notBefore: now - 20 * day, notAfter: now + 900 * day };
  const [rootKey, upperKey, signerKey] = [newKey('ec'), newKey('ec'), newKey('ec')];
  const make = (name: string, key: string, signer: Signer, validity: Validity, serial: bigint): string => {
    const [certificate = ''] = signCertificates(
      [{ subject: `/CN=${name}`, key, extensions: authorityExtensions }],
      signer,
      validity,
      serial,
    );
    return certificate;
  };
  const root = make('root', rootKey, { key: rootKey }, short, 1n);
  const oldRoot = make('root', rootKey, { key: rootKey }, ended, 2n);
  const byRoot = { certificate: root, key: rootKey };
  const upper = make('upper', upperKey, byRoot, long, 3n);
  const oldUpper = make('upper', upperKey, byRoot, ended, 4n);
  const byUpper = { certificate: upper, key: upperKey };
  const signer = make('signer', signerKey, byUpper, long, 5n);
  const oldSigner = make('signer', signerKey, byUpper, ended, 6n);
  const wish = {
    subject: '/CN=leaf',
    key: newKey('ec'),
    extensions: ['keyUsage=critical,digitalSignature', 'extendedKeyUsage=clientAuth'],
  };
  const [leaf = ''] = signCertificates([wish], { certificate: signer, key: signerKey }, long, 7n);
  return { leaf, authorities: [signer, oldSigner, upper, oldUpper, root, oldRoot] };
}

/** Bundles as they were found on nodes, judged at an instant at which one certificate of each has ended. */
function givenChains(ask: AskPeer): string {
  const at = Date.parse('2026-11-27T00:00:00Z');
  const names = ['expired-upper', 'no-root', 'rotated-old-root-ended'];
  for (const name of names) {
    const directory = join(import.meta.dirname, '..', 'fixtures', 'chains', name);
    const [leafFile, authorityFile] = [join(directory, 'leaf.crt'), join(directory, 'authority.crt')];
    const [leaf, ...carried] = certificatesOf(readFileSync(leafFile, 'utf8'));
    assert.ok(leaf);
    const life = lifeUnder(leaf, certificatesOf(readFileSync(authorityFile, 'utf8')), carried, at);
    assert.equal(life?.notAfter, leaf.notAfter, name);
    const instants = [at, leaf.notAfter, leaf.notAfter + 1000, leaf.notBefore - 1000];
    const questions = instants.map((instant): PeerQuestion => ({
      kind: 'verify',
      leaf: leafFile,
      trusts: authorityFile,
      usage: 'client',
      at: instant,
    }));
    assert.deepEqual(
      ask(questions).map((answer) => answer === ''),
      [true, true, false, false],
      name,
    );
  }
  return `${names.join(', ')} to the second`;
}

const usable = [
  'lb.example.test',
  '*.example.test',
  'node-1',
  'a_b.example.test',
  'xn--bro-hoa.example.test',
  'kine.sock',
];
const outsideAscii = ['büro.example.test', 'Ω', 'lb.example.test\u00a0'];
/** Go holds these to the letter, and RFC 5280 does not allow them; no resolver can ask for them. */
const noHostNames = ['two words.example.test', ' lb.example.test', 'tab\tname', 'null\0byte'];

async function sameNames(): Promise<string> {
  const ask = await goPeer();
  const judged = (names: readonly string[]): readonly boolean[] =>
    ask(names.map((name) => ({ kind: 'name', name }))).map((answer) => answer === '');
  assert.ok(judged(usable).every(Boolean));
  assert.ok(usable.every((name) => nameFault(name) === undefined));
  assert.ok(!judged(outsideAscii).some(Boolean));
  assert.ok([...outsideAscii, ...noHostNames].every((name) => nameFault(name) !== undefined));
  return `${String(usable.length)} names that work, ${String(outsideAscii.length)} that no certificate can hold`;
}
