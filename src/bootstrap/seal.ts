import { createCipheriv, createDecipheriv, createHash, pbkdf2Sync, randomBytes } from 'node:crypto';

/*
 * How the products keep the bootstrap set in their datastore (products 3.1): a salt of 16 hexadecimal digits, which is used
 * as text, a colon, and in base64 nonce (12 bytes), ciphertext and tag (16 bytes) of AES-256-GCM. The key is made from the
 * token's password, with PBKDF2 (HMAC-SHA-1, 4096 rounds).
 */

const saltDigits = 16;
const nonceBytes = 12;
const tagBytes = 16;

/** The datastore's key below which it lies; the prefix is that of all of them. */
export const bootstrapPrefix = '/bootstrap';

/** `/bootstrap/` and the first 12 hexadecimal digits of the password's SHA-256. */
export function storageKey(password: string): string {
  return `${bootstrapPrefix}/${createHash('sha256').update(password, 'utf8').digest('hex').slice(0, 12)}`;
}

/** @returns undefined when the password is not the one, or the value was damaged: the cipher tells neither from the other */
export function unseal(value: Buffer, password: string): Buffer | undefined {
  const match = /^([0-9a-f]{16}):([A-Za-z0-9+/]+={0,2})$/.exec(value.toString('latin1'));
  const [, salt, body] = match ?? [];
  if (salt === undefined || body === undefined) return undefined;
  const bytes = Buffer.from(body, 'base64');
  if (bytes.length < nonceBytes + tagBytes) return undefined;
  const cipher = createDecipheriv('aes-256-gcm', keyOf(password, salt), bytes.subarray(0, nonceBytes));
  cipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
  try {
    return Buffer.concat([cipher.update(bytes.subarray(nonceBytes, bytes.length - tagBytes)), cipher.final()]);
  } catch {
    return undefined;
  }
}

export function seal(plaintext: Uint8Array, password: string): Buffer {
  const salt = randomBytes(saltDigits / 2).toString('hex');
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', keyOf(password, salt), nonce);
  const sealed = Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return Buffer.from(`${salt}:${sealed.toString('base64')}`, 'latin1');
}

function keyOf(password: string, salt: string): Buffer {
  return pbkdf2Sync(Buffer.from(password, 'utf8'), Buffer.from(salt, 'latin1'), 4096, 32, 'sha1');
}
