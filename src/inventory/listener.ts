import { isUtf8 } from 'node:buffer';
import { decodeBase64 } from '../x509/pem.ts';
import { parseCertificates, type CertificateMemory } from '../x509/certificate.ts';
import type { ListenerDocument } from './inventory.ts';
import { type Parsed, damaged, parsed } from '../x509/parsed.ts';
import { fieldsOf, textOf } from '../yaml/json-value.ts';
import { parseFirstPrivateKey } from '../x509/private-key.ts';

const nameAnnotation = 'listener.cattle.io/cn-';
const staticAnnotation = 'listener.cattle.io/static';

/**
 * The product's own serving certificate: one Kubernetes Secret of type `kubernetes.io/tls` in JSON, its names in the
 * annotations (products 5). An empty file is a missing one, as it is for the products since summer 2026. No problem quotes
 * the document: it holds a private key.
 */
export function parseListener(bytes: Buffer, memory?: CertificateMemory): Parsed<ListenerDocument> {
  if (bytes.length === 0) return { ok: false, missing: true, problems: ['is empty'] };
  const secret = fieldsOf(jsonOf(bytes));
  if (secret === undefined) return damaged('is not a JSON object');
  if (textOf(secret['type']) !== 'kubernetes.io/tls') return damaged('is not a Secret of type kubernetes.io/tls');
  const data = fieldsOf(secret['data']) ?? {};
  const certificates = decoded(data['tls.crt'], (pem) => parseCertificates(pem, memory));
  const key = decoded(data['tls.key'], parseFirstPrivateKey);
  if (!certificates.ok || !key.ok)
    return damaged(...problemsOf('tls.crt', certificates), ...problemsOf('tls.key', key));
  const annotations = fieldsOf(fieldsOf(secret['metadata'])?.['annotations']) ?? {};
  return parsed({
    certificates: certificates.value,
    key: key.value,
    names: Object.entries(annotations).flatMap(([annotation, value]) => {
      const name = annotation.startsWith(nameAnnotation) ? textOf(value) : undefined;
      return name === undefined || name === '' ? [] : [name];
    }),
    isStatic: textOf(annotations[staticAnnotation]) === 'true',
  });
}

function jsonOf(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    // The engine's message quotes the text around the error.
    return undefined;
  }
}

function decoded<T>(value: unknown, parse: (bytes: Buffer) => Parsed<T>): Parsed<T> {
  const text = textOf(value);
  if (text === undefined) return damaged('is not there');
  const bytes = decodeBase64(text);
  return bytes === undefined ? damaged('is not valid base64') : parse(bytes);
}

function problemsOf(name: string, part: Parsed<unknown>): readonly string[] {
  return part.ok ? [] : part.problems.map((problem) => `${name} ${problem}`);
}
