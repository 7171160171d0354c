import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCertificates, type Certificate } from '../../src/x509/certificate.ts';
import { parseFirstPrivateKey } from '../../src/x509/private-key.ts';
import type { AuthorityMaterial } from '../../src/issue/signing-authority.ts';
import { makeAuthorities, authorityExtensions } from '../fixtures/authorities.ts';
import { newKey, signCertificates, type KeyAlgorithm, type Validity } from '../fixtures/sign.ts';
import { day, type TreePlan } from '../fixtures/tree.ts';

/** 2026-03-01T12:00:00Z: the instant that the tests of issuing call now. */
export const now = Date.UTC(2026, 2, 1, 12);

export interface OpensslAuthority extends AuthorityMaterial {
  /** The file as openssl made it. */
  readonly pem: string;
}

export interface AuthorityWish {
  readonly algorithm?: KeyAlgorithm;
  readonly validity?: Validity;
  readonly subject?: string;
  readonly extensions?: readonly string[];
}

const tenYears: Validity = { notBefore: now - 30 * day, notAfter: now - 30 * day + 3650 * day };

/** A self-signed authority, serial 0, no AKI, `@` in its name: what the product makes for itself (products 1.1). */
export function opensslAuthority(wish: AuthorityWish = {}): OpensslAuthority {
  const key = newKey(wish.algorithm ?? 'ec');
  const request = {
    subject: wish.subject ?? '/CN=rke2-server-ca@1767225600',
    key,
    extensions: wish.extensions ?? authorityExtensions,
  };
  const [pem = ''] = signCertificates([request], { key }, wish.validity ?? tenYears, 0n);
  return asMaterial(pem, key);
}

/** Intermediate, new root, new root signed by the old one, old root, as rotate-default-ca-certs.sh leaves them. */
export function rotatedAuthority(validity: Validity = tenYears): OpensslAuthority {
  const plan = { product: 'rke2', algorithm: 'ec', chain: 'four', cluster: undefined, authority: validity } as TreePlan;
  const [authority] = makeAuthorities(plan);
  if (authority === undefined) throw new TypeError('no authority was made');
  return asMaterial(authority.certificates.join(''), authority.keys.join(''));
}

export function asMaterial(pem: string, keyPem: string): OpensslAuthority {
  return { id: 'server-ca', pem, certificates: certificatesOf(pem), key: keyOf(keyPem) };
}

export function certificatesOf(pem: string | Buffer): readonly Certificate[] {
  const parsed = parseCertificates(Buffer.from(pem));
  if (!parsed.ok) throw new TypeError(parsed.problems.join());
  return parsed.value;
}

function keyOf(pem: string | Buffer): NonNullable<AuthorityMaterial['key']> {
  const parsed = parseFirstPrivateKey(Buffer.from(pem));
  if (!parsed.ok) throw new TypeError(parsed.problems.join());
  return parsed.value.keyObject;
}

/** Writes the contents to files for the openssl CLI, in order, and takes them away again. */
export function withFiles<T>(contents: readonly (string | Buffer)[], use: (...paths: string[]) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'certmend-issue-'));
  try {
    const paths = contents.map((content, index) => {
      const path = join(directory, String(index));
      writeFileSync(path, content, { mode: 0o600 });
      return path;
    });
    return use(...paths);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
