import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { decodeBase64, readPem, whyNone, type PemBlock } from './pem.ts';
import { readEllipticKey } from './elliptic-key.ts';
import { damaged, parsed, type Parsed } from './parsed.ts';
import { readRsaKey } from './rsa-key.ts';

/** An opaque handle: has no toJSON, prints as `[private key]`, and is never serialised (P9). */
export interface PrivateKey {
  readonly keyObject: KeyObject;
  /** `EC P-256`, `EC P-384`, `RSA 2048` */
  readonly algorithm: string;
  /** DER SubjectPublicKeyInfo of its public half: equal to a certificate's `spkiDer` when they fit. */
  readonly spkiDer: Buffer;
  /** Which PEM form it was read from. */
  readonly form: 'sec1' | 'pkcs1' | 'pkcs8';
}

type KeyForm = PrivateKey['form'];

/** The labels that the products read (`ParsePrivateKeyPEM` of dynamiclistener, products 1.1). */
const forms: Readonly<Record<string, KeyForm>> = {
  'EC PRIVATE KEY': 'sec1',
  'RSA PRIVATE KEY': 'pkcs1',
  'PRIVATE KEY': 'pkcs8',
};

/**
 * The handle of P9: everything is private to it, so that JSON.stringify gives `{}` and console.log `[private key]`. The
 * KeyObject is made when it is first asked for: to compare a pair, the public half is enough.
 */
class PrivateKeyHandle implements PrivateKey {
  readonly #load: () => KeyObject;
  readonly #algorithm: string;
  readonly #spkiDer: Buffer;
  readonly #form: KeyForm;
  #keyObject: KeyObject | undefined;

  constructor(load: () => KeyObject, algorithm: string, spkiDer: Buffer, form: KeyForm) {
    this.#load = load;
    this.#algorithm = algorithm;
    this.#spkiDer = spkiDer;
    this.#form = form;
  }

  get keyObject(): KeyObject {
    return (this.#keyObject ??= this.#load());
  }

  get algorithm(): string {
    return this.#algorithm;
  }

  get spkiDer(): Buffer {
    return this.#spkiDer;
  }

  get form(): KeyForm {
    return this.#form;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[private key]';
  }
}

/** Every private key of a PEM file, in order; a damaged or encrypted one damages the file. Other blocks are skipped. */
export function parsePrivateKeys(bytes: Buffer): Parsed<readonly PrivateKey[]> {
  const { keys, problems } = readKeys(bytes);
  return problems.length === 0 ? parsed(keys) : damaged(...problems);
}

/** The key that the products use: the first that can be read, whatever else is in the file (products 1.1). */
export function parseFirstPrivateKey(bytes: Buffer): Parsed<PrivateKey> {
  const { keys, problems } = readKeys(bytes);
  return keys[0] === undefined ? damaged(...problems) : parsed(keys[0]);
}

/** At least one key or at least one problem. */
function readKeys(bytes: Buffer): { keys: readonly PrivateKey[]; problems: readonly string[] } {
  if (bytes.length === 0) return { keys: [], problems: ['is empty'] };
  const { blocks, problems: cutShort } = readPem(bytes);
  const keys: PrivateKey[] = [];
  const problems = [...cutShort];
  for (const block of blocks) {
    const key = readKey(block);
    if (typeof key === 'string') problems.push(`block ${block.number} (${block.label}) ${key}`);
    else if (key !== undefined) keys.push(key);
  }
  if (keys.length === 0 && problems.length === 0) problems.push(whyNone(bytes, blocks, 'private key'));
  return { keys, problems };
}

/** The key of a block, a clause that says why it cannot be read, or undefined when it is a block of another kind. */
function readKey({ label, body, hasHeaders }: PemBlock): PrivateKey | string | undefined {
  if (label === 'ENCRYPTED PRIVATE KEY') return 'is encrypted';
  const form = forms[label];
  if (form === undefined) return undefined;
  if (hasHeaders) return body.includes('ENCRYPTED') ? 'is encrypted' : 'has headers';
  const der = decodeBase64(body);
  return der === undefined ? 'is not valid base64' : readKeyDer(der, form);
}

function readKeyDer(der: Buffer, form: KeyForm): PrivateKey | string {
  const load = (): KeyObject => createPrivateKey({ key: der, format: 'der', type: form });
  const usual =
    (form === 'pkcs1' ? undefined : readEllipticKey(der, form)) ??
    (form === 'sec1' ? undefined : readRsaKey(der, form));
  if (typeof usual === 'string') return usual;
  if (usual !== undefined) return new PrivateKeyHandle(load, usual.algorithm, usual.spkiDer, form);
  try {
    const keyObject = load();
    // Openssl goes by what is in the frame, the products by what is on it.
    const type = { sec1: 'ec', pkcs1: 'rsa', pkcs8: keyObject.asymmetricKeyType }[form];
    if (keyObject.asymmetricKeyType !== type) return 'is a key of another type';
    const spkiDer = createPublicKey(keyObject).export({ format: 'der', type: 'spki' });
    return new PrivateKeyHandle(() => keyObject, algorithmOf(keyObject), spkiDer, form);
  } catch {
    // What openssl says of a key may quote it; that it cannot be read is enough.
    return 'is not a private key that can be read';
  }
}

function algorithmOf(key: KeyObject): string {
  const { asymmetricKeyType: type = 'unknown', asymmetricKeyDetails: details } = key;
  const size = details?.modulusLength ?? details?.namedCurve;
  return size === undefined ? type : `${type.toUpperCase()} ${size}`;
}
