import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tokenHash } from '../../src/assess/authority/token-hash.ts';
import { issueLeaf } from '../../src/issue/issue-leaf.ts';
import { parseCertificates } from '../../src/x509/certificate.ts';
import { parseFirstPrivateKey } from '../../src/x509/private-key.ts';
import { authorityExtensions } from '../fixtures/authorities.ts';
import { newKey, signCertificates } from '../fixtures/sign.ts';
import { day, makeTree, type Tree, type TreeOptions } from '../fixtures/tree.ts';
import { type Random, seededRandom } from '../fuzz/random.ts';
import { given, rotateOnce } from '../issue/authority/rotate-once.ts';
import { buildPeer } from './go-peer.ts';
import { programs, type Scenario } from './scenario.ts';
import { inScratch } from './scratch.ts';

/** What the product would say of new authorities, by its own rules with the real crypto/x509 of Go. */
export const authorityRotation: readonly Scenario[] = [
  {
    name: 'ca rotate through 200 random histories of an authority: Go takes every set, old and new leaves are good on both sides, and the hash of the token is that of Go, 1,000 times',
    needs: [programs.go, programs.openssl, programs.cp],
    isHeavy: false,
    run: async () => await inScratch(histories),
  },
];

type Question =
  | { readonly kind: 'takes'; readonly old: string; readonly new: string; readonly key: string }
  | { readonly kind: 'hash'; readonly new: string }
  | { readonly kind: 'verify'; readonly leaf: string; readonly trusted: string; readonly at: number };

const howMany = 200;
const now = Date.now();

type Request = NonNullable<Parameters<typeof rotateOnce>[1]>;

async function histories(scratch: string): Promise<string> {
  const ask = await buildPeer<Question>('authorities');
  const random = seededRandom(20261128);
  const begins = beginnings(scratch);
  const ways = organisations();
  const asked: { readonly question: Question; readonly expected: string; readonly what: string }[] = [];
  const seen = new Map<string, number>();
  for (let history = 0; history < howMany; history += 1) {
    const begin = random.pick(begins);
    restore(begin);
    const told = [begin.name];
    const steps = 1 + random.below(3);
    for (let step = 0; step < steps; step += 1) {
      const way = random.pick(ways);
      const isStuck = (error: unknown): never => {
        throw new Error(`${told.join(', ')}, ${way.name}`, { cause: error });
      };
      // The key of an organisation's root is never on the node: there somebody has to bring one.
      const isForced = begin.needsGiven || told.some((one) => one.startsWith('given'));
      const request = isForced && way.name === 'default' ? { ...way.request, newRoot: true } : way.request;
      told.push(way.name);
      const [one] = await rotateOnce(begin.tree, { ids: ['server-ca'], ...request }).catch(isStuck);
      assert.ok(one !== undefined);
      assert.deepEqual(one.proof.problems, [], told.join(', '));
      const what = told.join(', ');
      const { made } = one;
      const files = filesOf(begin.tree);
      const next = { certificate: made.certificatePem.toString('utf8'), key: made.keyPem.toString('utf8') };
      const expect = (question: Question, expected: string, name: string): void => {
        asked.push({ question, expected, what: `${what}: ${name}` });
      };
      expect({ kind: 'takes', old: files.certificate, new: next.certificate, key: next.key }, '', 'taken');
      for (const text of [next.certificate, files.certificate, shuffled(next.certificate, random)])
        expect({ kind: 'hash', new: text }, hashOf(text), 'hash');
      const [before, after] = [leafOf(files), leafOf(next)];
      const until = Math.min(made.crossSignedUntil ?? Infinity, after.notAfter);
      const old = { kind: 'verify', leaf: before.pem, trusted: next.certificate } as const;
      for (const at of [now, before.notAfter - 3_600_000])
        expect({ ...old, at }, '', 'the old leaf under the new file');
      for (const at of [now, until - 3_600_000]) {
        expect(
          { kind: 'verify', leaf: after.pem, trusted: files.certificate, at },
          '',
          'the new leaf under the old file',
        );
        expect(
          { kind: 'verify', leaf: after.pem, trusted: next.certificate, at },
          '',
          'the new leaf under the new file',
        );
      }
      put(begin.tree, next);
      seen.set(way.name, (seen.get(way.name) ?? 0) + 1);
    }
  }
  while (asked.filter(({ question }) => question.kind === 'hash').length < 1000) {
    const file = random.pick(asked).question;
    if (file.kind !== 'hash') continue;
    const text = shuffled(file.new, random);
    asked.push({ question: { kind: 'hash', new: text }, expected: hashOf(text), what: 'hash of another order' });
  }
  const answers = ask(asked.map(({ question }) => question));
  const wrong = asked.flatMap(({ expected, what }, index) =>
    answers[index] === expected
      ? []
      : [`${what}: ${answers[index] ?? ''} instead of ${expected === '' ? 'nothing' : expected}`],
  );
  assert.deepEqual(wrong, []);
  // The judge can say no: a stranger is not taken.
  const [first, second] = begins;
  assert.ok(first !== undefined && second !== undefined);
  restore(first);
  restore(second);
  const [mine, other] = [filesOf(first.tree), filesOf(second.tree)];
  const stranger = other.certificate + mine.certificate;
  assert.notEqual(ask([{ kind: 'takes', old: mine.certificate, new: stranger, key: other.key }])[0], '');
  const count = (kind: Question['kind']): string =>
    String(asked.filter(({ question }) => question.kind === kind).length);
  return `${String(howMany)} histories: ${count('takes')} sets taken, ${count('hash')} hashes equal, ${count('verify')} leaves good; ${[...seen].map(([name, times]) => `${String(times)} ${name}`).join(', ')}`;
}

interface Beginning {
  readonly name: string;
  readonly tree: Tree;
  readonly files: { readonly certificate: string; readonly key: string };
  readonly needsGiven: boolean;
}

function beginnings(scratch: string): readonly Beginning[] {
  const options: readonly (readonly [name: string, Omit<TreeOptions, 'directory'>, needsGiven: boolean])[] = [
    ['a default', {}, false],
    ['RSA', { algorithm: 'rsa' }, false],
    ['P-384', { algorithm: 'ec384', product: 'k3s' }, false],
    ['rotated by the script', { chain: 'four' }, false],
    ['rotated by the script, the old root ended', { chain: 'old-root-ended' }, false],
  ];
  const made = options.map(([name, wish, needsGiven], index): Beginning => {
    const tree = makeTree({ directory: join(scratch, String(index)), ...wish });
    return { name, tree, files: filesOf(tree), needsGiven };
  });
  const tree = makeTree({ directory: join(scratch, 'organisation') });
  const [root, upper, signer] = [newKey('rsa'), newKey('ec'), newKey('ec')];
  const validity = { notBefore: now - 100 * day, notAfter: now + 3000 * day };
  const sign = (subject: string, key: string, by?: { certificate: string; key: string }): string =>
    signCertificates([{ subject, key, extensions: authorityExtensions }], by ?? { key }, validity, 9n)[0] ?? '';
  const rootPem = sign('/O=Example/CN=Root', root);
  const upperPem = sign('/O=Example/CN=Upper', upper, { certificate: rootPem, key: root });
  const signerPem = sign('/CN=rke2-server-ca@1', signer, { certificate: upperPem, key: upper });
  const files = { certificate: signerPem + upperPem + rootPem, key: signer };
  return [...made, { name: 'of an organisation', tree, files, needsGiven: true }];
}

function organisations(): readonly { readonly name: string; readonly request: Request }[] {
  const validity = { notBefore: now - 10 * day, notAfter: now + 6000 * day };
  const [rootKey, upperKey] = [newKey('ec384'), newKey('rsa')];
  const wish = (subject: string, key: string): Parameters<typeof signCertificates>[0][number] => ({
    subject,
    key,
    extensions: authorityExtensions,
  });
  const [root = ''] = signCertificates([wish('/O=Ours/CN=Ours Root', rootKey)], { key: rootKey }, validity, 1n);
  const above = { certificate: root, key: rootKey };
  const [upper = ''] = signCertificates([wish('/O=Ours/CN=Ours CA', upperKey)], above, validity, 2n);
  return [
    { name: 'default', request: {} },
    { name: 'default', request: {} },
    { name: 'new root', request: { newRoot: true } },
    { name: 'given root', request: { given: given([root], rootKey) } },
    { name: 'given intermediate', request: { given: given([upper, root], upperKey) } },
  ];
}

function filesOf(tree: Tree): Beginning['files'] {
  const { certificatePath, keyPath } = tree.authority('server-ca');
  const read = (path: string): string => readFileSync(tree.host(path), 'utf8');
  return { certificate: read(certificatePath), key: read(keyPath) };
}

function put(tree: Tree, { certificate, key }: Beginning['files']): void {
  const { certificatePath, keyPath } = tree.authority('server-ca');
  writeFileSync(tree.host(certificatePath), certificate);
  writeFileSync(tree.host(keyPath), key);
}

function restore({ tree, files }: Beginning): void {
  put(tree, files);
}

function hashOf(text: string): string {
  const bytes = Buffer.from(text);
  const read = parseCertificates(bytes);
  assert.ok(read.ok);
  return tokenHash(bytes, read.value, now).hash;
}

function leafOf({ certificate, key }: Beginning['files']): { readonly pem: string; readonly notAfter: number } {
  const certificates = parseCertificates(Buffer.from(certificate));
  const read = parseFirstPrivateKey(Buffer.from(key));
  assert.ok(certificates.ok && read.ok);
  const leaf = issueLeaf({
    authority: { id: 'server-ca', certificates: certificates.value, key: read.value.keyObject },
    identity: { commonName: 'leaf', organizations: [], dnsNames: ['leaf'], ipAddresses: [] },
    extendedKeyUsages: ['serverAuth', 'clientAuth'],
    chainInFile: true,
    now,
    validityDays: 365,
  });
  return { pem: leaf.certificatePem.toString('utf8'), notAfter: leaf.notAfter };
}

/** The signer stays first, the others stand anyhow. */
function shuffled(text: string, random: Random): string {
  const [signer = '', ...others] = text.match(/-----BEGIN [^-]+-----\n[^-]+-----END [^-]+-----\n/g) ?? [];
  return [
    signer,
    ...others
      .map((pem) => [random.below(1000), pem] as const)
      .toSorted(([a], [b]) => a - b)
      .map(([, pem]) => pem),
  ].join('');
}
