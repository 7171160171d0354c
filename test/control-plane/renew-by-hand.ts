import assert from 'node:assert/strict';
import { createHash, randomInt, X509Certificate } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { pemBlocks, signCertificates } from '../fixtures/sign.ts';
import { hour, day, type Tree } from '../fixtures/tree.ts';
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
  const leaf = tree.leaf(id);
  const file = tree.host(leaf.certificatePath);
  const old = readFileSync(file, 'utf8');
  const [before = '', ...carried] = pemBlocks(old);
  const authority = tree.authority(leaf.issuer);
  const [certificate = ''] = pemBlocks(readFileSync(tree.host(authority.certificatePath), 'utf8'));
  const signer = { certificate, key: readFileSync(tree.host(authority.keyPath), 'utf8') };
  const key = readFileSync(tree.host(leaf.keyPath), 'utf8');
  const wish = { subject: subjectOf(leaf), key, extensions: leafExtensions(leaf) };
  const begin = Math.floor(Date.now() / 1000) * 1000 - hour;
  const validity = { notBefore: begin, notAfter: begin + 365 * day };
  for (let attempt = 0; attempt < mostSignatures; attempt += 1) {
    const [after = ''] = signCertificates([wish], signer, validity, BigInt(randomInt(2 ** 40, 2 ** 47)) << 15n);
    const text = after + carried.join('');
    if (text.length > old.length) continue;
    overwrite(file, text.padEnd(old.length, '\n'));
    return { id, before: fingerprintOf(before), after: fingerprintOf(after) };
  }
  return assert.fail(`${id}: ${String(mostSignatures)} signatures, and none is short enough`);
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
