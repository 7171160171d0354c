import { posix } from 'node:path';
import type { FileReader, FileState } from '../disk/file-reader.ts';
import type { Layout } from '../layout/layout.ts';
import type { Inventory, UnknownFile } from './inventory.ts';
import { emptyMemory, type InventoryMemory } from './inventory-memory.ts';
import { pathsOf, readerWithin, readItem } from './read-item.ts';
import {
  parseCertificateDer,
  skimCertificates,
  type CertificateMemory,
  type Certificate,
} from '../x509/certificate.ts';
import { parseFile, parsed, type Parsed } from '../x509/parsed.ts';

/**
 * Reads every file that the layout names, each once, and looks around in its directories. Whatever is on disk is a
 * value in the inventory; nothing here judges it and nothing throws.
 */
export function takeInventory(layout: Layout, reader: FileReader, memory: InventoryMemory = emptyMemory()): Inventory {
  const read = readerWithin(reader, layout.dataDir);
  const known = new Set(layout.entries.flatMap(pathsOf));
  const names = new Map<string, readonly string[]>();
  for (const directory of [...layout.scanDirectories, ...[...known].map((path) => posix.dirname(path))])
    if (!names.has(directory)) names.set(directory, reader.list(directory) ?? []);
  const pathsIn = (directory: string): readonly string[] =>
    (names.get(directory) ?? []).map((name) => posix.join(directory, name));
  // A memory of its own: these certificates openssl has not seen.
  const look: Look = { reader, read, memory: new Map() };
  const unknown = layout.scanDirectories
    .flatMap(pathsIn)
    .filter((path) => !known.has(path))
    .map((path) => lookAt(path, look))
    .filter((file): file is UnknownFile => file !== undefined);
  return {
    layout,
    items: layout.entries.map((entry) => readItem(entry, read, memory)),
    unknown,
    stray: [...names.keys()].flatMap(pathsIn).filter((path) => strayName.test(posix.basename(path))),
    pendingTriggers: layout.entries
      .flatMap((entry) => (entry.kind === 'listener' ? [entry.regenerateTrigger] : []))
      .filter((trigger) => reader.stat(trigger).state === 'present'),
    mounted: reader.mountedOver([...known]),
  };
}

/** Looked into whatever they hold. */
const certificateName = /\.(?:crt|cert|cer|pem)$/i;

/** Looked into when they are small and have a certificate in PEM; beyond this size nobody keeps one. */
const maxSniffedBytes = 64 * 1024;

/** Keys are not read without need, and `.damaged` is what our own advice calls a file that was moved away. */
const notLookedInto = /\.(?:key|kubeconfig|damaged)$/;

export interface Look {
  readonly reader: FileReader;
  readonly read: (path: string) => FileState;
  readonly memory: CertificateMemory;
}

/**
 * What a file that no table names has to say: undefined when it does not look like a certificate. The certificates are
 * for their names and dates only, `x509` may throw (RFC 5280 fields come from the bytes).
 */
export function lookAt(path: string, { reader, read, memory }: Look): UnknownFile | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (notLookedInto.test(name) || strayName.test(name)) return undefined;
  const isNamedSo = certificateName.test(name);
  if (!isNamedSo && !isSmallFile(path, reader)) return undefined;
  const file = read(path);
  if (file.state === 'absent') return undefined;
  if (file.state === 'regular' && !holdsCertificate(file.bytes, isNamedSo)) return undefined;
  if (file.state === 'unreadable' && (!isNamedSo || file.problem === 'directory')) return undefined;
  const certificates = parseFile(file, (bytes) => certificatesIn(bytes, memory));
  return certificates.ok
    ? { path, file, certificates: certificates.value }
    : { path, file, certificates: [], problems: certificates.problems };
}

function isSmallFile(path: string, reader: FileReader): boolean {
  const state = reader.stat(path);
  return state.state === 'present' && state.type === 'file' && state.size <= maxSniffedBytes;
}

/** A file with blocks of other kinds only (a key, parameters) is not about certificates, whatever its name. */
function holdsCertificate(bytes: Buffer, isNamedSo: boolean): boolean {
  if (bytes.includes('-----BEGIN CERTIFICATE-----')) return true;
  return isNamedSo && !bytes.includes('-----BEGIN ');
}

/** Outside of the tables DER is as good as PEM. */
function certificatesIn(bytes: Buffer, memory: CertificateMemory): Parsed<readonly Certificate[]> {
  const pem = skimCertificates(bytes, memory);
  if (pem.ok || bytes[0] !== 0x30) return pem;
  const der = parseCertificateDer(bytes);
  return der.ok ? parsed([der.value]) : pem;
}

/**
 * Names of what a commit that was cut short leaves beside the files of the node (`commit/staged-name.ts`): staged files,
 * keepsakes and what recovery staged again.
 */
export const strayName = /^\..+\.certmend-[0-9a-f]{16}(?:\.old|\.again)?$/;
