import { createPublicKey } from 'node:crypto';
import { parsePrivateKeys } from '../../../src/x509/private-key.ts';
import { expectParsed } from '../expect-parsed.ts';
import { derOf, pkcs8Of, seedMaterial } from '../seeds.ts';
import type { FuzzTarget } from '../target.ts';

/** Mutants of the DER in a sound frame: in PEM nearly every mutant is bad base64 and gets no further. */
export const target: FuzzTarget = {
  name: 'parsePrivateKeys, inside the frame',
  seeds: () => {
    const { leafKey, rsaKey } = seedMaterial();
    return [leafKey, rsaKey, pkcs8Of(leafKey), pkcs8Of(rsaKey)].map(derOf);
  },
  run: (input) => {
    for (const label of ['EC PRIVATE KEY', 'RSA PRIVATE KEY', 'PRIVATE KEY']) {
      const pem = `-----BEGIN ${label}-----\n${input.toString('base64')}\n-----END ${label}-----\n`;
      for (const { keyObject, spkiDer } of expectParsed(parsePrivateKeys(Buffer.from(pem))) ?? []) {
        const oracle = createPublicKey(keyObject).export({ format: 'der', type: 'spki' });
        if (!oracle.equals(spkiDer)) throw new Error('openssl has another public half');
      }
    }
  },
};
