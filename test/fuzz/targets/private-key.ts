import { createPublicKey } from 'node:crypto';
import { parsePrivateKeys } from '../../../src/x509/private-key.ts';
import { expectParsed } from '../expect-parsed.ts';
import { derOf, pkcs8Of, seedMaterial } from '../seeds.ts';
import type { FuzzTarget } from '../target.ts';

export const target: FuzzTarget = {
  name: 'parsePrivateKeys',
  seeds: () => {
    const { leaf, leafKey, rsaKey } = seedMaterial();
    const texts = [leafKey, pkcs8Of(leafKey), rsaKey, pkcs8Of(rsaKey), rsaKey + leafKey, leaf + leafKey];
    return [...texts.map((text) => Buffer.from(text)), derOf(leafKey), Buffer.alloc(0)];
  },
  run: (input) => {
    for (const { keyObject, spkiDer } of expectParsed(parsePrivateKeys(input)) ?? []) {
      // The public half is computed without openssl; openssl must load the key and agree.
      const oracle = createPublicKey(keyObject).export({ format: 'der', type: 'spki' });
      if (!oracle.equals(spkiDer)) throw new Error('openssl has another public half');
    }
  },
};
