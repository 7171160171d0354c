import { Decrypter, Encrypter } from 'age-encryption';
import { CertmendError, exitStatus } from '../error.ts';

/*
 * The one file that knows the age format (age-encryption.org/v1). Recipients are public keys of people who may read a
 * backup; the node has no key to read its own.
 */

/** Header of a file, which is not encrypted: as much as anybody can say of it. */
export interface AgeHeader {
  /** Kinds of its recipients, in order: `X25519`. */
  readonly recipients: readonly string[];
  readonly headerBytes: number;
}

/** Why a recipient is none, as a clause; undefined when it is one. */
export function whyNoRecipient(text: string): string | undefined {
  if (/^AGE-SECRET-KEY-/i.test(text)) return 'it is a private key; a recipient is the public key, age1…';
  if (/^(ssh-|age1[a-z]+1)/.test(text)) return 'only X25519 keys of age (age1…) are taken';
  if (!text.startsWith('age1')) return 'a recipient is a public key of age, age1…';
  try {
    new Encrypter().addRecipient(text);
    return undefined;
  } catch {
    return 'it is not a whole public key of age: a letter is wrong, or some are missing';
  }
}

/**
 * The identities of a file as age-keygen writes it: one a line, `#` before a comment.
 *
 * @throws CertmendError BackupUnreadable (77); no line of the file is in it
 */
export function parseIdentities(text: string, path: string): readonly string[] {
  const fail = (problem: string, hint: string): CertmendError =>
    new CertmendError('BackupUnreadable', `${path} ${problem}`, { exit: exitStatus.refused, hint });
  const usual = 'give the file that age-keygen wrote, with a line AGE-SECRET-KEY-1…';
  if (text.startsWith('age-encryption.org/v1') || text.startsWith('-----BEGIN AGE')) {
    throw fail(
      'is an identity that is itself encrypted',
      'decrypt it first: age -d FILE > IDENTITY, and remove it after',
    );
  }
  if (text.startsWith('-----BEGIN')) throw fail('is a private key of another kind', usual);
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.length === 0) throw fail('holds no identity', usual);
  if (lines.some((line) => line.startsWith('age1'))) throw fail('holds a recipient, which can only encrypt', usual);
  for (const line of lines) {
    try {
      if (!line.startsWith('AGE-SECRET-KEY-1')) throw new TypeError('another kind');
      new Decrypter().addIdentity(line);
    } catch {
      throw fail('holds a line that is no identity of age', usual);
    }
  }
  return lines;
}

/** Encrypts piece by piece. @param recipients that `whyNoRecipient` has nothing against */
export async function* encryptFor(
  recipients: readonly string[],
  plain: Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  // Copied, since the library keeps a view of what it is given and its own buffers of what it makes.
  yield* await encrypter.encrypt(streamOf(plain));
}

export type Decrypted =
  | { readonly ok: true; readonly bytes: Buffer }
  /** `why` a clause; `isWrongKey`: the file may be whole, and these identities are none of its recipients'. */
  | { readonly ok: false; readonly why: string; readonly isWrongKey: boolean };

/**
 * Decrypts all of it, and gives nothing of what is not whole: each piece is authenticated, and the last one says that it
 * is the last.
 *
 * @param limit of the plain text, bytes
 */
export async function decryptWith(
  identities: readonly string[],
  encrypted: Iterable<Uint8Array>,
  limit: number,
): Promise<Decrypted> {
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const piece of await decrypter.decrypt(streamOf(encrypted))) {
      pieces.push(piece);
      length += piece.length;
      if (length > limit) return { ok: false, why: `holds more than ${String(limit)} bytes`, isWrongKey: false };
    }
  } catch (error) {
    if (error instanceof CertmendError) throw error;
    const isWrongKey = error instanceof Error && error.message.startsWith('no identity matched');
    return {
      ok: false,
      why: isWrongKey ? 'is encrypted to other recipients' : 'is damaged or cut short: it does not decrypt',
      isWrongKey,
    };
  }
  return { ok: true, bytes: Buffer.concat(pieces) };
}

const intro = 'age-encryption.org/v1\n';
const largestHeader = 64 * 1024;

/**
 * Reads the header: of its first bytes, without any key.
 * @returns a clause when it is none
 */
export function readAgeHeader(start: Uint8Array): AgeHeader | string {
  const text = Buffer.from(start.buffer, start.byteOffset, Math.min(start.length, largestHeader)).toString('latin1');
  if (text.startsWith('-----BEGIN AGE')) return 'is an age file in text form; certmend writes none';
  if (!text.startsWith(intro)) return 'is not an age file';
  const end = /\n--- [A-Za-z0-9+/]{43}\n/.exec(text);
  if (end === null) return 'is an age file whose header has no end';
  const recipients: string[] = [];
  const lines = text.slice(intro.length, end.index).split('\n');
  for (const line of lines) {
    const kind = /^-> (\S+)( \S+)*$/.exec(line)?.[1];
    if (kind !== undefined) recipients.push(kind);
    else if (recipients.length === 0 || !/^[A-Za-z0-9+/]{0,64}$/.test(line))
      return 'is an age file with a damaged header';
  }
  return { recipients, headerBytes: end.index + end[0].length };
}

/** One piece at a time, and no further than is asked for. */
function streamOf(pieces: Iterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.iterator]();
  return new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const next = iterator.next();
      if (next.done === true) controller.close();
      else controller.enqueue(new Uint8Array(next.value));
    },
  });
}
