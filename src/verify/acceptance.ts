import { dayMs } from '../time/units.ts';
import { instant } from '../time/rfc3339.ts';
import { hasSubject, isKeyOf, namesLacking, usageFault } from '../assess/leaf-checks.ts';
import type { Certificate } from '../x509/certificate.ts';
import type { Candidate } from './candidate.ts';
import type { Failure } from './verdict.ts';

/** When the product would put its own certificate in place at its start, because this one ends too soon (products 2.1). */
export interface ProductWindow {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly days: number;
}

/**
 * Would the product leave this pair alone (products 10): key fits, common name, organizations as a set, names at least
 * those asked for, end beyond the product's own window; and what the product does not check but its peers do: the usages.
 * That it compares key identifiers too is asked by `checkChain`.
 */
export function checkAcceptance(candidate: Candidate, signer: Certificate, window: ProductWindow): readonly Failure[] {
  const { entry, leaf, key } = candidate;
  const failures: Failure[] = [];
  const fail = (code: Failure['code'], message: string, path = entry.certificatePath): void => {
    failures.push({ id: entry.id, path, code, message });
  };
  if (!isKeyOf(leaf, key)) fail('KeyMismatch', 'its key does not match its certificate', entry.keyPath);
  const { commonName, organizations, dnsNames, ipAddresses } = entry.identity;
  if (!hasSubject(leaf, entry.identity)) {
    const is = `CN=${leaf.commonName}, O=${words(leaf.organizations)}`;
    fail('IdentityDrift', `it is for ${is}, not for CN=${commonName}, O=${words(organizations)}`);
  }
  const absent = namesLacking(leaf, [...dnsNames, ...ipAddresses]);
  if (absent.length > 0) fail('SanMissing', `it lacks the names ${words(absent)}`);
  const usage = usageFault(leaf, entry.extendedKeyUsages);
  if (usage !== undefined) fail('UsageMismatch', `it ${usage}`);
  if (endsTooSoon(candidate, signer, window)) {
    fail(
      'LeafRenewDue',
      `it expires at ${instant(leaf.notAfter)}, within the ${window.days} days in which the product renews`,
    );
  }
  return failures;
}

/**
 * A certificate that stays as it is makes nothing worse, and one that ends with its authority cannot be any better:
 * the product would renew it at its start, and its own would not be worth more. One that has ended is not due but over.
 */
function endsTooSoon({ leaf, isNew }: Candidate, signer: Certificate, { now, days }: ProductWindow): boolean {
  const isDue = leaf.notAfter >= now && leaf.notAfter <= now + days * dayMs;
  return isNew && isDue && leaf.notAfter < signer.notAfter;
}

function words(list: readonly string[]): string {
  return list.length === 0 ? 'none' : list.join(', ');
}
