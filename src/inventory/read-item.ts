import { isUtf8 } from 'node:buffer';
import { posix } from 'node:path';
import type { FileReader, FileState } from '../disk/file-reader.ts';
import type { DocumentEntry, Entry, KeyEntry } from '../layout/entry.ts';
import { parseCertificates } from '../x509/certificate.ts';
import type { Item } from './inventory.ts';
import { type Parsed, damaged, parsed } from '../x509/parsed.ts';
import { type PrivateKey, parseFirstPrivateKey, parsePrivateKeys } from '../x509/private-key.ts';
import { parseFileOnce, type InventoryMemory } from './inventory-memory.ts';
import { parseKubeconfig } from './kubeconfig.ts';
import { parseListener } from './listener.ts';

/** Reads and parses the files of one entry. */
export function readItem(entry: Entry, read: (path: string) => FileState, memory: InventoryMemory): Item {
  const { certificates: known } = memory;
  const parse = <T>(path: string, file: FileState, parser: (bytes: Buffer) => Parsed<T>): Parsed<T> =>
    parseFileOnce(memory, path, file, parser);
  const certificatesOf = (path: string, file: FileState): ReturnType<typeof parseCertificates> =>
    parse(path, file, (bytes) => parseCertificates(bytes, known));
  switch (entry.kind) {
    case 'leaf': {
      const { certificatePath, keyPath } = entry;
      const [certificateFile, keyFile] = [read(certificatePath), read(keyPath)];
      const key = parse(keyPath, keyFile, parseFirstPrivateKey);
      const certificates = certificatesOf(certificatePath, certificateFile);
      return { kind: 'leaf', entry, certificateFile, keyFile, certificates, key };
    }
    case 'authority': {
      const { certificatePath, keyPath } = entry;
      const certificateFile = read(certificatePath);
      const keyFile = keyPath === undefined ? undefined : read(keyPath);
      const key =
        keyPath === undefined || keyFile === undefined ? undefined : parse(keyPath, keyFile, parseFirstPrivateKey);
      const certificates = certificatesOf(certificatePath, certificateFile);
      return { kind: 'authority', entry, certificateFile, keyFile, certificates, key };
    }
    case 'listener': {
      const file = read(entry.path);
      return {
        kind: 'listener',
        entry,
        file,
        document: parse(entry.path, file, (bytes) => parseListener(bytes, known)),
      };
    }
    case 'kubeconfig': {
      const file = read(entry.path);
      const surroundings = { directory: posix.dirname(entry.path), memory: known };
      const document = parse(entry.path, file, (bytes) => parseKubeconfig(bytes, surroundings));
      return { kind: 'kubeconfig', entry, file, document };
    }
    case 'key': {
      const file = read(entry.path);
      return { kind: 'key', entry, file, keys: parse(entry.path, file, (bytes) => keysOf(bytes, entry)) };
    }
    case 'document': {
      const file = read(entry.path);
      return { kind: 'document', entry, file, content: parse(entry.path, file, (bytes) => contentOf(bytes, entry)) };
    }
  }
}

/** Every key of `service.key` verifies tokens; of a shared key the product reads the first and no other. */
function keysOf(bytes: Buffer, entry: KeyEntry): Parsed<readonly PrivateKey[]> {
  if (entry.role !== 'legacy-shared') return parsePrivateKeys(bytes);
  const first = parseFirstPrivateKey(bytes);
  return first.ok ? parsed([first.value]) : first;
}

/** No problem quotes the file: these are passwords and encryption keys. */
function contentOf(bytes: Buffer, { format }: DocumentEntry): Parsed<true> {
  if (bytes.length === 0) return damaged('is empty');
  if (bytes.every((octet) => octet === 0)) return damaged(`is ${bytes.length} zero bytes`);
  if (format === 'opaque') return parsed(true);
  if (!isUtf8(bytes) || bytes.includes(0)) return damaged('is not text');
  return format === 'lines' || isJson(bytes) ? parsed(true) : damaged('is not valid JSON');
}

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

/** Paths of all files that an entry has, whether they are there or not. */
export function pathsOf(entry: Entry): readonly string[] {
  switch (entry.kind) {
    case 'leaf':
      return [entry.certificatePath, entry.keyPath];
    case 'authority':
      return entry.keyPath === undefined ? [entry.certificatePath] : [entry.certificatePath, entry.keyPath];
    case 'listener':
      return [entry.path, entry.regenerateTrigger];
    case 'kubeconfig':
    case 'key':
    case 'document':
      return [entry.path];
  }
}

/** Bounds a read to the data directory for the paths that lie in it; the others (`/etc/rancher`) have no such bound. */
export function readerWithin(reader: FileReader, dataDir: string): (path: string) => FileState {
  const below = dataDir.endsWith('/') ? dataDir : `${dataDir}/`;
  return (path) => reader.read(path, path.startsWith(below) ? dataDir : undefined);
}
