import { openssl } from '../fixtures/openssl.ts';
import { newKey, signCertificates } from '../fixtures/sign.ts';

/** Valid inputs, made with the openssl CLI: a leaf of an EC authority with many extensions, an RSA authority, their keys. */
export interface SeedMaterial {
  readonly leaf: string;
  readonly authority: string;
  readonly rsaAuthority: string;
  readonly leafKey: string;
  readonly rsaKey: string;
}

const validity = { notBefore: Date.parse('2026-03-01T00:00:00Z'), notAfter: Date.parse('2061-03-01T00:00:00Z') };

let made: SeedMaterial | undefined;

export function seedMaterial(): SeedMaterial {
  return (made ??= make());
}

function make(): SeedMaterial {
  const [leafKey, authorityKey, rsaKey] = [newKey('ec'), newKey('ec384'), newKey('rsa')];
  const extensions = [
    'keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign',
    'basicConstraints=critical,CA:TRUE,pathlen:3',
    'subjectKeyIdentifier=hash',
  ];
  const self = (key: string): string =>
    signCertificates([{ subject: '/CN=rke2-server-ca@1767225600', key, extensions }], { key }, validity, 0n)[0] ?? '';
  const authority = self(authorityKey);
  const wish = {
    subject: '/O=system:masters/CN=kube-apiserver',
    key: leafKey,
    extensions: [
      'keyUsage=critical,digitalSignature,keyEncipherment',
      'extendedKeyUsage=serverAuth,clientAuth',
      'subjectAltName=DNS:kubernetes,DNS:*.example.com,IP:127.0.0.1,IP:2001:db8::1',
    ],
  };
  const [leaf = ''] = signCertificates([wish], { certificate: authority, key: authorityKey }, validity, 99n);
  return { leaf, authority, rsaAuthority: self(rsaKey), leafKey, rsaKey };
}

/** The bytes inside the first PEM block. */
export function derOf(pem: string): Buffer {
  return Buffer.from(/-----BEGIN [^-]+-----([^-]+)/.exec(pem)?.[1] ?? '', 'base64');
}

export function pkcs8Of(key: string): string {
  return openssl(['pkcs8', '-topk8', '-nocrypt'], key);
}
