import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cryptoSignatures } from '../test/demo/crypto-signatures.ts';
import { day } from '../test/fixtures/tree.ts';

const { newKey, signCertificates } = cryptoSignatures;

/** A directory of `count` different server certificates that have a year left, a hundred to a folder. */
export function makeCertificateDirectory(directory: string, count: number, now: number): void {
  const validity = { notBefore: now - day, notAfter: now + 365 * day };
  const key = newKey('ec');
  const authority = {
    subject: '/CN=bench-ca',
    key,
    extensions: ['basicConstraints=critical,CA:TRUE', 'subjectKeyIdentifier=hash'],
  };
  const [certificate = ''] = signCertificates([authority], { key }, validity, 1n);
  const leafKey = newKey('ec');
  const wishes = Array.from({ length: count }, (_, index) => ({
    subject: `/O=example/CN=host-${index}`,
    key: leafKey,
    extensions: [
      'keyUsage=critical,digitalSignature,keyEncipherment',
      'extendedKeyUsage=serverAuth,clientAuth',
      `subjectAltName=DNS:host-${index}.example.com,DNS:localhost,IP:127.0.0.1`,
    ],
  }));
  for (const [index, pem] of signCertificates(wishes, { certificate, key }, validity, 1000n).entries()) {
    const folder = join(directory, String(Math.floor(index / 100)));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `host-${index}.crt`), pem);
  }
}
