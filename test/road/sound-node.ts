import { readFileSync, statSync } from 'node:fs';
import {
  openssl,
  opensslExtension,
  opensslKeyFits,
  opensslText,
  opensslValidity,
  opensslVerify,
} from '../fixtures/openssl.ts';
import { day, type Tree, type TreeLeaf } from '../fixtures/tree.ts';

/**
 * Everything that is wrong with the leaves certmend answers for, by the openssl CLI and by the product's own acceptance
 * line (products 10); empty is sound. Nothing of certmend's own code judges here.
 */
export function faultsOf(tree: Tree, options: { readonly at?: readonly number[] } = {}): readonly string[] {
  const now = Date.now();
  const instants = options.at ?? [now, now + 360 * day];
  return tree.leaves.filter(({ id }) => !id.startsWith('agent/')).flatMap((leaf) => faultsOfLeaf(tree, leaf, instants));
}

function faultsOfLeaf(tree: Tree, leaf: TreeLeaf, instants: readonly number[]): readonly string[] {
  const certificate = tree.host(leaf.certificatePath);
  const key = tree.host(leaf.keyPath);
  const authority = tree.host(tree.authority(leaf.issuer).certificatePath);
  const faults: string[] = [];
  const expect = (holds: boolean, what: string): void => {
    if (!holds) faults.push(`${leaf.id}: ${what}`);
  };
  for (const at of instants) {
    for (const purpose of leaf.purposes) {
      const answer = opensslVerify({
        ca: authority,
        leafFile: certificate,
        purpose,
        at,
      });
      expect(answer.ok, `openssl verify for ${purpose} at ${new Date(at).toISOString()}: ${answer.output}`);
    }
  }
  expect(opensslKeyFits(certificate, key), 'the key does not fit');
  const [first = 0] = instants;
  expect(opensslValidity(certificate).notAfter > first + 120 * day, 'the product would make it anew: 120 days or less');
  const text = opensslText(certificate);
  const subject = subjectOf(certificate);
  expect(subject.includes(`CN=${leaf.commonName}`), `common name is not ${leaf.commonName}`);
  for (const organization of leaf.organizations)
    expect(subject.includes(`O=${organization}`), `organization ${organization} is missing`);
  for (const name of [
    ...leaf.dnsNames.map((dns) => `DNS:${dns}`),
    ...leaf.ipAddresses.filter((ip) => !ip.includes(':')).map((ip) => `IP Address:${ip}`),
  ])
    expect(text.split(/,\s*|\n\s*/).includes(name), `${name} is missing`);
  expect(
    identifier(opensslExtension(certificate, 'authorityKeyIdentifier')) ===
      identifier(opensslExtension(authority, 'subjectKeyIdentifier')),
    'its authority key identifier is not that of the authority',
  );
  expect(readFileSync(certificate, 'utf8').endsWith(readFileSync(authority, 'utf8')), 'the chain is not in the file');
  expect(readFileSync(key, 'utf8').startsWith('-----BEGIN EC PRIVATE KEY-----'), 'the key is not SEC1');
  expect((statSync(key).mode & 0o777) === 0o600, 'the key is not 0600');
  return faults;
}

/** The attributes of the subject, `CN=system:admin`. */
function subjectOf(certificate: string): readonly string[] {
  const text = openssl(['x509', '-in', certificate, '-noout', '-subject', '-nameopt', 'sep_multiline,sname,utf8']);
  return text.split('\n').map((line) => line.trim());
}

function identifier(text: string): string {
  return (/(?:[0-9A-F]{2}:){3,}[0-9A-F]{2}/.exec(text)?.[0] ?? text).replace(/^keyid:/, '');
}
