import { randomBytes, type KeyObject } from 'node:crypto';

/** Random, positive, below 2^63. The second bit is set so that eight octets are always the shortest form. */
export function serialNumber(): Buffer {
  const octets = randomBytes(8);
  octets.writeUInt8((octets.readUInt8(0) & 0x7f) | 0x40, 0);
  return octets;
}

/** PEM, SEC1 for EC and PKCS #1 for RSA: as the products write theirs. */
export function encodeKey(key: KeyObject): Buffer {
  const type = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1';
  return Buffer.from(key.export({ type, format: 'pem' }));
}
