import { X509Certificate, createPrivateKey } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { reissueLeaf } from '../fixtures/damage-pair.ts';
import { newKey, pemBlocks } from '../fixtures/sign.ts';
import { day, type Tree, type TreeLeaf } from '../fixtures/tree.ts';

/** What the product's datastore holds of the bootstrap set, and what it would make a listener and kubeconfigs of. */
export interface Datastore {
  readonly bootstrap: ReadonlyMap<string, { readonly bytes: Buffer; readonly mtimeMs: number }>;
  readonly made: ReadonlyMap<string, Buffer>;
}

/** Of a tree that is whole. */
export function datastoreOf(tree: Tree): Datastore {
  const bootstrap = tree.authorities.flatMap(({ certificatePath, keyPath }) => [certificatePath, keyPath]);
  const made = [...tree.credentials, ...(tree.listener === undefined ? [] : [tree.listener.path])];
  return {
    bootstrap: new Map(
      bootstrap.map((path) => {
        const { mtimeMs } = statSync(tree.host(path));
        return [path, { bytes: readFileSync(tree.host(path)), mtimeMs }];
      }),
    ),
    made: new Map(made.map((path) => [path, readFileSync(tree.host(path))])),
  };
}

/**
 * A start of the real server, as far as it looks at files: restores the bootstrap set or refuses, makes what is missing or
 * near its end, keeps everything else whatever it is, and stops at what it cannot load. In the order, and with the blind
 * spots, that were seen on the product itself.
 * @returns why it is not up; undefined when it is
 */
export function startProduct(tree: Tree, datastore: Datastore): string | undefined {
  try {
    reconcile(tree, datastore);
    for (const leaf of tree.leaves) if (!leaf.reissuedAtStart) keepOrMake(tree, leaf, datastore);
    loadListener(tree, datastore);
    for (const path of sharedKeys(tree)) if (existsSync(tree.host(path))) loadKey(tree, path);
    return firstThatCannotServe(tree, datastore);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function reconcile(tree: Tree, { bootstrap }: Datastore): void {
  let restores = false;
  for (const [path, { bytes, mtimeMs }] of bootstrap) {
    const host = tree.host(path);
    if (existsSync(host) && readFileSync(host).equals(bytes)) continue;
    if (existsSync(host) && lstatSync(host).mtimeMs - mtimeMs >= 3000) throw new Error(`${path} newer than datastore`);
    restores = true;
  }
  if (!restores) return;
  for (const [path, { bytes, mtimeMs }] of bootstrap) {
    writeFileSync(tree.host(path), bytes, { mode: 0o600 });
    utimesSync(tree.host(path), mtimeMs / 1000, mtimeMs / 1000);
  }
}

/** It looks at the first certificate's end, and at nothing that it cannot parse. */
function keepOrMake(tree: Tree, leaf: TreeLeaf, { made }: Datastore): void {
  const [certificate, key] = [tree.host(leaf.certificatePath), tree.host(leaf.keyPath)];
  const isDue = existsSync(certificate) && endsSoon(certificate);
  if (existsSync(certificate) && existsSync(key) && !isDue) return;
  if (isDue || !existsSync(key)) writeFileSync(key, newKey('ec'), { mode: 0o600 });
  loadKey(tree, leaf.keyPath);
  reissueLeaf(tree, leaf.id);
  const credential = tree.credentials.find((path) => path.endsWith(`/${leaf.credential ?? ' '}`));
  if (credential !== undefined) writeFileSync(tree.host(credential), made.get(credential) ?? '', { mode: 0o600 });
}

function endsSoon(host: string): boolean {
  try {
    const { validTo } = new X509Certificate(readFileSync(host));
    return Date.parse(validTo) <= Date.now() + 120 * day;
  } catch {
    return false;
  }
}

function loadListener(tree: Tree, { made }: Datastore): void {
  if (tree.listener === undefined) return;
  const [path, trigger] = [tree.host(tree.listener.path), tree.host(tree.listener.trigger)];
  const isAsked = existsSync(trigger);
  rmSync(trigger, { force: true });
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (text !== '') JSON.parse(text);
  if (isAsked || text === '') writeFileSync(path, made.get(tree.listener.path) ?? '');
}

function sharedKeys(tree: Tree): readonly string[] {
  return [`${tree.dataDir}/server/tls/client-kubelet.key`, tree.leaf('agent/client-kubelet').keyPath];
}

function loadKey(tree: Tree, path: string): void {
  const [first = ''] = pemBlocks(readFileSync(tree.host(path), 'utf8')).filter((block) => block.includes('PRIVATE'));
  if (first === '') throw new Error(`error loading key from ${path}`);
  createPrivateKey(first);
}

/** What its components do with what it kept: TLS with a pair that is no pair, or of another authority, fails. */
function firstThatCannotServe(tree: Tree, { made }: Datastore): string | undefined {
  for (const leaf of tree.leaves.filter(({ reissuedAtStart }) => !reissuedAtStart)) {
    try {
      const certificate = new X509Certificate(readFileSync(tree.host(leaf.certificatePath)));
      const key = createPrivateKey(readFileSync(tree.host(leaf.keyPath)));
      const authority = new X509Certificate(readFileSync(tree.host(tree.authority(leaf.issuer).certificatePath)));
      if (!certificate.checkPrivateKey(key)) return `${leaf.id}: the key does not fit`;
      if (!certificate.verify(authority.publicKey)) return `${leaf.id}: not of ${leaf.issuer}`;
      if (Date.parse(certificate.validFrom) > Date.now()) return `${leaf.id}: not valid yet`;
      if (Date.parse(certificate.validTo) < Date.now()) return `${leaf.id}: expired`;
    } catch (error) {
      return `${leaf.id}: ${error instanceof Error ? error.message : 'broken'}`;
    }
  }
  const missing = tree.credentials.find((path) => !existsSync(tree.host(path)));
  if (missing !== undefined) return `${missing} is missing`;
  return made.size === 0 ? 'nothing was made' : undefined;
}
