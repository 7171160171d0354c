import { parseBootstrapSet, renderBootstrapSet, type BootstrapSet } from '../bootstrap/bootstrap-set.ts';
import { seal, storageKey, unseal } from '../bootstrap/seal.ts';
import { refused } from './refusal.ts';
import { renewSet, type RenewalContext, type RenewedSet } from './renewed-set.ts';

/** What the datastore holds of the authorities, opened. `password` and `set` are secret. */
export interface OpenedValue {
  readonly key: string;
  readonly value: Buffer;
  readonly password: string;
  readonly set: BootstrapSet;
  /** Bytes of the document, its filling included. */
  readonly documentLength: number;
}

/**
 * @param found all live keys of the datastore that begin as those of bootstrap sets do
 * @throws CertmendError RecoveryRefused when there is not exactly one, or no token of this node opens it
 */
export function openValue(
  found: readonly { readonly key: string; readonly value: Buffer }[],
  passwords: readonly string[],
): OpenedValue {
  const [only, ...others] = found;
  if (only === undefined) {
    throw refused(
      'the datastore holds no bootstrap set',
      'is it the datastore of this cluster? certmend ca status shows what was found',
    );
  }
  if (others.length > 0) {
    throw refused(
      `the datastore holds ${String(found.length)} bootstrap sets (${found.map(({ key }) => key).join(', ')}), and which of them counts cannot be told`,
    );
  }
  const { key, value } = only;
  if (value.length === 0) throw refused(`${key} in the datastore is empty: the cluster was never completely made`);
  const password = passwords.find((candidate) => storageKey(candidate) === key);
  const plaintext = password === undefined ? undefined : unseal(value, password);
  if (password === undefined || plaintext === undefined) {
    throw refused(
      password === undefined
        ? `no token on this node belongs to ${key} in the datastore`
        : `the value of ${key} in the datastore does not open with the token that it belongs to: it was damaged`,
      'put the token that the cluster was made with (or last rotated to) into the server/token file of the data directory, then run the command again',
    );
  }
  const set = parseBootstrapSet(plaintext);
  if (!set.ok) throw refused(`the bootstrap set in the datastore ${set.problems[0] ?? 'cannot be read'}`);
  return { key, value, password, set: set.value, documentLength: plaintext.length };
}

export interface RenewedValue {
  readonly value: Buffer;
  readonly renewed: RenewedSet;
}

/** Signatures vary by some bytes; one of so many sets is as short as it has to be, or none will ever be. */
const attempts = 100;

/**
 * The value with renewed authorities.
 *
 * @param length of the document, bytes, when the value must be exactly as long as it was
 * @returns undefined when no authority has ended
 * @throws CertmendError RecoveryRefused when it cannot be that short, and as `renewSet`
 */
export function renewValue(opened: OpenedValue, context: RenewalContext, length?: number): RenewedValue | undefined {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const renewed = renewSet(opened.set, context);
    if (renewed === undefined) return undefined;
    const document = renderBootstrapSet(renewed.set, length);
    if (document === undefined) continue;
    const value = seal(document, opened.password);
    if (length !== undefined && value.length !== opened.value.length) break;
    return { value, renewed };
  }
  throw refused('the renewed authorities do not fit into the place of the old ones in the datastore');
}

/**
 * The proof, made from what was read back: the value opens with the token, and is the old set but for the files that were
 * to be renewed.
 */
export function isRenewalOf(value: Buffer, opened: OpenedValue, { set }: RenewedSet): boolean {
  const plaintext = unseal(value, opened.password);
  const back = plaintext && parseBootstrapSet(plaintext);
  if (back?.ok !== true || back.value.length !== set.length || opened.set.length !== set.length) return false;
  return back.value.every((file, index) => {
    const wanted = set[index];
    return wanted?.field === file.field && wanted.timestamp === file.timestamp && wanted.content.equals(file.content);
  });
}
