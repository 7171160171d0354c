import { Document, visit } from 'yaml';
import { escapeSteering, jsonText, steers } from '../disk/json-text.ts';

/**
 * A document as text, ended with a newline, that may be shown on any terminal. Loaded on demand: it brings the YAML
 * writer.
 * @throws Error when a private key is in the document: a bug, and better a crash than a leak (P9)
 */
export function renderDocument(document: unknown, format: 'json' | 'yaml'): string {
  const json = jsonText(document, 2);
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(json)) throw new Error('a private key was about to be printed');
  // Through JSON first: both forms say exactly the same, and values that are undefined are in neither.
  return format === 'json' ? `${json}\n` : yamlText(JSON.parse(json));
}

/** In quotes alone can YAML say a character by its number; the writer quotes what it must, and some of these it need not. */
function yamlText(value: unknown): string {
  const yaml = new Document(value, { aliasDuplicateObjects: false });
  visit(yaml, {
    Scalar: (_, scalar) => {
      if (typeof scalar.value === 'string' && steers(scalar.value)) scalar.type = 'QUOTE_DOUBLE';
    },
  });
  return escapeSteering(yaml.toString({ lineWidth: 0 }), 'yaml');
}
