import { parseCertificateDer } from '../../../src/x509/certificate.ts';
import { expectParsed } from '../expect-parsed.ts';
import { derOf, seedMaterial } from '../seeds.ts';
import type { FuzzTarget } from '../target.ts';

export const target: FuzzTarget = {
  name: 'parseCertificateDer',
  seeds: () => {
    const { leaf, authority, rsaAuthority } = seedMaterial();
    return [leaf, authority, rsaAuthority].map(derOf);
  },
  run: (input) => {
    const certificate = expectParsed(parseCertificateDer(input));
    if (certificate === undefined) return;
    if (!Number.isSafeInteger(certificate.notBefore) || !Number.isSafeInteger(certificate.notAfter))
      throw new Error('an instant is no number');
  },
};
