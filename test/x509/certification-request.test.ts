import { createPrivateKey, createPublicKey } from 'node:crypto';
import test from 'ava';
import { certificationRequest } from '../../src/x509/certification-request.ts';
import { openssl } from '../fixtures/openssl.ts';
import { newKey, type KeyAlgorithm } from '../fixtures/sign.ts';

for (const algorithm of ['ec', 'ec384', 'rsa'] satisfies readonly KeyAlgorithm[]) {
  test(`certification request for a key (${algorithm}) is one to openssl: signed, with that public key and no subject`, (t) => {
    const pem = newKey(algorithm);
    const key = createPrivateKey(pem);
    const request = certificationRequest(key);
    const asked = ['req', '-inform', 'DER', '-verify', '-noout', '-subject', '-pubkey'];
    const said = openssl(asked, request);
    t.true(said.includes(createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()));
    t.regex(said, /^subject=\s*$/m);
  });
}

test('certification request is none for a kind of key that the products cannot use', (t) => {
  t.is(certificationRequest(createPrivateKey(openssl(['genpkey', '-algorithm', 'ed25519']))), undefined);
});
