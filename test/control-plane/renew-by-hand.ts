import assert from 'node:assert/strict';
import { createHash, randomInt, X509Certificate } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { authorityExtensions } from '../fixtures/authorities.ts';
import { newKey, pemBlocks, signCertificates, type Validity } from '../fixtures/sign.ts';
import { hour, day, type Tree, type TreeLeaf } from '../fixtures/tree.ts';
import { leafExtensions, subjectOf } from '../fixtures/write-tree.ts';

/** SHA-256 of the certificate's DER, lower-case hexadecimal. */
export interface Renewed {
  readonly id: string;
  readonly before: string;
  readonly after: string;
}

/** The length of a certificate differs by a few bytes with its signature and serial: a few signatures until it fits. */
const mostSignatures = 50;

/**
 * Renews one certificate of a tree in place, without certmend: signed by openssl for the key and the names that it has,
 * filled with line ends to the length that the file has, and written with one write at offset 0, which never shortens it.
 * Its inode stays, so that whoever has it mounted by itself sees it.
 */
export function renewInPlaceByHand(tree: Tree, id: string): Renewed {
  const file = tree.host(tree.leaf(id).certificatePath);
  const old = readFileSync(file, 'utf8');
  for (let attempt = 0; attempt < mostSignatures; attempt += 1) {
    const text = signByHand(tree, id);
    if (text.length > old.length) continue;
    overwrite(file, text.padEnd(old.length, '\n'));
    return { id, before: fingerprintOf(old), after: fingerprintOf(text) };
  }
  return assert.fail(`${id}: ${String(mostSignatures)} signatures, and none is short enough`);
}

/** What a certificate by hand has that the one on the disk has not. */
export interface Otherwise extends Partial<Pick<TreeLeaf, 'purposes' | 'dnsNames' | 'ipAddresses'>> {
  /** By an authority of the same name that nobody knows. */
  readonly byStranger?: boolean;
}

/** A new certificate for the key that is on the disk, signed by openssl, with what its file has behind the leaf. */
export function signByHand(tree: Tree, id: string, { byStranger = false, ...otherwise }: Otherwise = {}): string {
  const leaf = { ...tree.leaf(id), ...otherwise };
  const [, ...carried] = pemBlocks(readFileSync(tree.host(leaf.certificatePath), 'utf8'));
  const begin = Math.floor(Date.now() / 1000) * 1000 - hour;
  const validity = { notBefore: begin, notAfter: begin + 365 * day };
  const wish = {
    subject: subjectOf(leaf),
    key: readFileSync(tree.host(leaf.keyPath), 'utf8'),
    extensions: leafExtensions(leaf),
  };
  const signer = byStranger ? strangerLike(tree, leaf.issuer, validity) : signerOf(tree, leaf.issuer);
  const [certificate = ''] = signCertificates([wish], signer, validity, BigInt(randomInt(2 ** 40, 2 ** 47)) << 15n);
  return certificate + carried.join('');
}

interface Signer {
  readonly certificate: string;
  readonly key: string;
}

function signerOf(tree: Tree, id: string): Signer {
  const { certificatePath, keyPath } = tree.authority(id);
  const [certificate = ''] = pemBlocks(readFileSync(tree.host(certificatePath), 'utf8'));
  return { certificate, key: readFileSync(tree.host(keyPath), 'utf8') };
}

function strangerLike(tree: Tree, id: string, validity: Validity): Signer {
  const key = newKey('ec');
  const wish = { subject: `/CN=${tree.authority(id).commonName}`, key, extensions: authorityExtensions };
  const [certificate = ''] = signCertificates([wish], { key }, validity, 0n);
  return { certificate, key };
}

export function fingerprintOf(pem: string): string {
  return createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
}

/** SHA-256 of the leaf that a tree has on disk. */
export function fingerprintOnDisk(tree: Tree, id: string): string {
  return fingerprintOf(readFileSync(tree.host(tree.leaf(id).certificatePath), 'utf8'));
}

function overwrite(file: string, text: string): void {
  const bytes = Buffer.from(text);
  const descriptor = openSync(file, 'r+');
  try {
    assert.equal(writeSync(descriptor, bytes, 0, bytes.length, 0), bytes.length, 'one write');
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
