import { contentOf, readChildren, readOnlyChild, readWhole, tag, wholeOf, type Element } from './read-der.ts';
import type { PublicHalf } from './elliptic-key.ts';

/** AlgorithmIdentifier { rsaEncryption, NULL } (RFC 3279 2.3.1). */
const algorithmDer = Buffer.from('300d06092a864886f70d0101010500', 'hex');

/** INTEGER 0: two primes in PKCS#1, no attributes in PKCS#8. */
const versionDer = Buffer.of(tag.integer, 1, 0);

/** OpenSSL refuses larger ones; also bounds the arithmetic that a hostile file can ask for. */
const maxModulusBytes = 2048;

/**
 * Reads an RSA key with two primes and checks that its numbers fit each other (RFC 8017 3.2): OpenSSL loads a key with a
 * flipped bit and signs rubbish with it, Go and so the products refuse it.
 * @param form `pkcs1` (RFC 8017 A.1.2) or `pkcs8` (RFC 5958)
 * @returns the key, a clause that says what is wrong with it, or undefined when this is no key of that kind
 */
export function readRsaKey(der: Buffer, form: 'pkcs1' | 'pkcs8'): PublicHalf | string | undefined {
  const key = form === 'pkcs1' ? readWhole(der, tag.sequence) : insidePkcs8(der);
  const elements = (key && readChildren(der, key)) ?? [];
  const [version, modulus, exponent] = elements;
  if (elements.length !== 9 || version === undefined || modulus === undefined || exponent === undefined)
    return undefined;
  // Anything unusual is left to openssl: what is accepted here must be what it loads later.
  if (!wholeOf(der, version).equals(versionDer) || !elements.slice(1).every((element) => isPositive(der, element)))
    return undefined;
  if (elements.some((element) => element.end - element.content > maxModulusBytes + 1)) return 'is too large';
  const [, n = 0n, e = 0n, d = 0n, p = 0n, q = 0n, dp = 0n, dq = 0n, inverse = 0n] = elements.map((element) =>
    BigInt(`0x${contentOf(der, element).toString('hex')}`),
  );
  const fits =
    p > 1n &&
    q > 1n &&
    n === p * q &&
    (d * e) % (p - 1n) === 1n &&
    (d * e) % (q - 1n) === 1n &&
    dp === d % (p - 1n) &&
    dq === d % (q - 1n) &&
    (inverse * q) % p === 1n;
  if (!fits) return 'has numbers that do not match each other';
  const publicKey = encode(tag.sequence, wholeOf(der, modulus), wholeOf(der, exponent));
  const spkiDer = encode(tag.sequence, algorithmDer, encode(tag.bitString, Buffer.of(0), publicKey));
  return { algorithm: `RSA ${n.toString(2).length}`, spkiDer };
}

/** PrivateKeyInfo ::= SEQUENCE { version, algorithm { rsaEncryption, NULL }, OCTET STRING { RSAPrivateKey } } */
function insidePkcs8(der: Buffer): Element | undefined {
  const info = readWhole(der, tag.sequence);
  const [version, algorithm, wrapped, more] = (info && readChildren(der, info)) ?? [];
  if (version === undefined || !wholeOf(der, version).equals(versionDer) || more !== undefined) return undefined;
  if (algorithm === undefined || !wholeOf(der, algorithm).equals(algorithmDer)) return undefined;
  return wrapped?.tag === tag.octetString ? readOnlyChild(der, wrapped, tag.sequence) : undefined;
}

/** An INTEGER above zero in its shortest form. */
function isPositive(der: Buffer, element: Element): boolean {
  const [first = 0, second = 0] = contentOf(der, element).subarray(0, 2);
  const length = element.end - element.content;
  return element.tag === tag.integer && length > 0 && (first === 0 ? length > 1 && second >= 0x80 : first < 0x80);
}

/** One DER element around the parts; at most as long as a key. */
function encode(identifier: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.of(identifier, ...length), content]);
}
