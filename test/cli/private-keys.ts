import { createPrivateKey } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every file below a directory, as host paths; links are not followed. */
export function filesBelow(directory: string): readonly string[] {
  if (lstatSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => lstatSync(path).isFile());
}

/** The private keys in a text: in PEM, or in base64 around PEM as Secrets and kubeconfigs have them. */
export function privateKeysIn(text: string): readonly string[] {
  const plain = [...text.matchAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+-----END [A-Z ]*PRIVATE KEY-----/g)];
  const wrapped = [...text.matchAll(/LS0tLS1CRUdJTi[A-Za-z0-9+/=]{100,}/g)].flatMap(([base64]) =>
    privateKeysIn(Buffer.from(base64, 'base64').toString('latin1')),
  );
  return [...plain.map(([pem]) => pem), ...wrapped];
}

/** Forms in which a private key could leak: pieces of its PEM, of base64 around that, its secret number in hex and base64. */
export function tracesOf(pem: string): readonly string[] {
  const body = pem.replaceAll(/-----[^-]+-----|\s/g, '');
  const { d = '' } = createPrivateKey(pem).export({ format: 'jwk' });
  const secret = Buffer.from(d, 'base64url');
  const wrapped = Buffer.from(pem).toString('base64');
  return [
    body.slice(8, 56),
    body.slice(-48),
    wrapped.slice(80, 140),
    secret.toString('hex'),
    secret.toString('base64').slice(0, 40),
    secret.toString('base64url').slice(0, 40),
  ];
}

/** Every trace of every private key below a directory. */
export function tracesBelow(directory: string): ReadonlySet<string> {
  const texts = filesBelow(directory).map((path) => readFileSync(path, 'latin1'));
  return new Set(texts.flatMap(privateKeysIn).flatMap(tracesOf));
}

/** The traces that a text holds, however its lines are broken or escaped. */
export function tracesFound(text: string, traces: ReadonlySet<string>): readonly string[] {
  const joined = text.replaceAll(/\\[nr]|\s/g, '').replaceAll('\\/', '/');
  const upper = joined.toLowerCase();
  return [...traces].filter((trace) => joined.includes(trace) || upper.includes(trace));
}
