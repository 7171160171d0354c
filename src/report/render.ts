import { stringify } from 'yaml';

/**
 * A document as text, ended with a newline. Loaded on demand: it brings the YAML writer.
 * @throws Error when a private key is in the document: a bug, and better a crash than a leak (P9)
 */
export function renderDocument(document: unknown, format: 'json' | 'yaml'): string {
  const json = JSON.stringify(document, undefined, 2);
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(json)) throw new Error('a private key was about to be printed');
  // Through JSON first: both forms say exactly the same, and values that are undefined are in neither.
  return format === 'json' ? `${json}\n` : stringify(JSON.parse(json), { lineWidth: 0, aliasDuplicateObjects: false });
}
