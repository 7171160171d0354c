import { firstGoChain, isGoRoot } from '../../assess/authority/go-chain.ts';
import { parseCertificates, type Certificate } from '../../x509/certificate.ts';
import { parseFirstPrivateKey } from '../../x509/private-key.ts';

/**
 * Whether the product takes a new authority in the place of an old one, by its own rules (products 4.3): it says of a refusal
 * only that there was one. The new file holds more than one certificate; its first one leads to a root of the old file now, by
 * way of what the old file has below its roots and of what the new one brings; its first key is that certificate's.
 *
 * @param old certificates of the file that is there
 * @param files that are to be sent
 * @param now milliseconds since the epoch
 * @returns what the product would complain of, a clause each; empty when it takes it
 */
export function productRefusals(
  old: readonly Certificate[],
  files: { readonly certificatePem: Buffer; readonly keyPem: Buffer },
  now: number,
): readonly string[] {
  const read = parseCertificates(files.certificatePem);
  if (!read.ok) return [`its new file ${read.problems.join(', ')}`];
  const [signer, ...others] = read.value;
  const refusals: string[] = [];
  if (signer === undefined || others.length === 0)
    refusals.push('its new file holds a single certificate, and the product wants what stands above it as well');
  const intermediates = [
    ...old.filter((certificate) => !isGoRoot(certificate)),
    ...others.filter(({ authorityKeyIdentifier }) => authorityKeyIdentifier !== undefined),
  ];
  if (signer !== undefined && firstGoChain(signer, { roots: old.filter(isGoRoot), intermediates, now }) === undefined)
    refusals.push('the first certificate of its new file does not lead to a root of the present one');
  const key = parseFirstPrivateKey(files.keyPem);
  if (!key.ok) refusals.push(`its new key ${key.problems.join(', ')}`);
  else if (signer !== undefined && !key.value.spkiDer.equals(signer.spkiDer))
    refusals.push('the first key of its new key file is not that of the first certificate');
  return refusals;
}
