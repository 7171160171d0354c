import { parseCertificates } from '../../../src/x509/certificate.ts';
import { expectParsed } from '../expect-parsed.ts';
import { derOf, seedMaterial } from '../seeds.ts';
import type { FuzzTarget } from '../target.ts';

export const target: FuzzTarget = {
  name: 'parseCertificates',
  seeds: () => {
    const { leaf, authority, rsaAuthority, leafKey } = seedMaterial();
    const mixed = [leaf + authority, `text\n${authority}\n${leafKey}${leaf}`, rsaAuthority.replaceAll('\n', '\r\n')];
    return [...[leaf, ...mixed].map((text) => Buffer.from(text)), derOf(leaf), Buffer.alloc(300), Buffer.alloc(0)];
  },
  run: (input) => {
    const certificates = expectParsed(parseCertificates(input)) ?? [];
    const authority = certificates.find(({ isAuthority }) => isAuthority);
    // Whatever was let through must not throw when it is used: this is what the assessment does with it.
    for (const { x509 } of certificates) if (authority !== undefined) x509.verify(authority.x509.publicKey);
  },
};
