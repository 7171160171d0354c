import { diskError, isShortage } from '../disk/disk-error.ts';
import { readFileSync, statSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import type { HostFacts } from '../layout/layout.ts';
import { requireReadable } from '../disk/file-reader.ts';
import { createFileReader } from './files/node-file-reader.ts';

/** One address of an interface, as os.networkInterfaces gives it. */
export interface InterfaceAddress {
  readonly address: string;
  readonly family: 'IPv4' | 'IPv6';
}

/**
 * Facts about the host. With `/` they are the running host's; with another root only the files of that tree are read,
 * since a mounted disk or a backup belongs to a host that is not this one.
 * @param root directory given with --root
 * @throws CertmendError StorageDenied, StorageFailed (73) when the disk keeps the machine's id or name from being read: an
 * unknown node is taken for another one, and what is remembered of this one would be forgotten
 */
export function readHostFacts(root: string): HostFacts {
  const reader = createFileReader(root);
  const textOf = (path: string): string => {
    const file = reader.read(path);
    requireReadable(path, file);
    // Absent, or no file: the fact is not known, and the caller's type says so.
    return file.state === 'regular' ? file.bytes.toString('utf8') : '';
  };
  const machineId = textOf('/etc/machine-id').trim();
  const common = { machineId: /^[0-9a-f]{32}$/.test(machineId) ? machineId : '' };
  if (root !== '/') return { ...common, hostname: hostnameOf(textOf('/etc/hostname')), defaultAddresses: [] };
  const routes = {
    ipv4: defaultInterfaces(readText('/proc/net/route')),
    ipv6: defaultInterfaces6(readText('/proc/net/ipv6_route')),
  };
  return { ...common, hostname: hostname(), defaultAddresses: chooseAddresses(routes, interfaces()) };
}

/** First line of /etc/hostname that is not a comment (hostname(5)). */
export function hostnameOf(text: string): string {
  const line = text.split('\n').find((candidate) => candidate.trim() !== '' && !candidate.startsWith('#'));
  return line?.trim() ?? '';
}

/** Interfaces with a default route, in the order of /proc/net/route. */
export function defaultInterfaces(table: string): readonly string[] {
  return table.split('\n').flatMap((line) => {
    const [name = '', destination] = line.split('\t');
    return destination === '00000000' ? [name.trim()] : [];
  });
}

/** The same for /proc/net/ipv6_route; a default route without a gateway is the kernel's own on `lo`. */
export function defaultInterfaces6(table: string): readonly string[] {
  const any = '0'.repeat(32);
  return table.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    return fields[0] === any && fields[1] === '00' && fields[4] !== any ? [fields[9] ?? ''] : [];
  });
}

/**
 * The addresses the products take for the node when nothing sets one (products 1.4, item 5): the first global address of
 * the interface with the default route, IPv4 before IPv6, and with an IPv4 address the first global IPv6 as well.
 */
export function chooseAddresses(
  routes: { readonly ipv4: readonly string[]; readonly ipv6: readonly string[] },
  addresses: Readonly<Record<string, readonly InterfaceAddress[] | undefined>>,
): readonly string[] {
  const first = (names: readonly string[], family: InterfaceAddress['family']): readonly string[] =>
    names
      .flatMap((name) => addresses[name] ?? [])
      .filter((candidate) => candidate.family === family && isGlobal(candidate.address))
      .map((candidate) => candidate.address)
      .slice(0, 1);
  return [...first(routes.ipv4, 'IPv4'), ...first(routes.ipv6, 'IPv6')];
}

/** Not loopback, link-local, multicast or unspecified; private addresses are global in this sense. */
function isGlobal(address: string): boolean {
  return address.includes(':')
    ? !/^(::1?$|fe[89ab]|ff)/i.test(address)
    : !/^(127\.|169\.254\.|0\.|22[4-9]\.|23\d\.|255\.)/.test(address);
}

function interfaces(): ReturnType<typeof networkInterfaces> {
  try {
    return networkInterfaces();
  } catch {
    // Without netlink (a strict sandbox) there is no list; the names on disk still count.
    return {};
  }
}

/** A table of the kernel: its size is not known before it is read. */
function readText(path: string): string {
  try {
    // Whatever else has that name (a FIFO would block for ever) is not read.
    return statSync(path).isFile() ? readFileSync(path, 'utf8') : '';
  } catch (error) {
    if (isShortage(error)) throw diskError(error, 'read', path);
    return '';
  }
}
