import { X509Certificate } from 'node:crypto';
import type { FileReader } from '../../disk/file-reader.ts';
import type { Origin } from '../../disk/origin.ts';

/*
 * Which release of the product is on this node, as far as the layout depends on it: by its version, or, where no file says
 * that, by what only releases before May 2025 leave behind.
 */

/** Minor release to the patch that belongs to the May 2025 train (products 0.1). Later minors are all after it. */
const may2025: Readonly<Record<number, number>> = { 33: 1, 32: 5, 31: 9, 30: 13 };

/**
 * Reads which version of the product last unpacked itself: `<data dir>/bin` is a link into `data/v1.33.1-rke2r1-HASH/`,
 * else the newest such directory. K3s names its directory by hash alone, so its version is not known from files.
 */
export function readProductVersion(dataDir: string, reader: FileReader): Origin<string> | undefined {
  const link = `${dataDir}/bin`;
  const linked = versionOf(/\/data\/([^/]+)\/bin\/?$/.exec(reader.readLink(link) ?? '')?.[1]);
  if (linked !== undefined) return { value: linked, origin: link };
  const data = `${dataDir}/data`;
  const newest = (reader.list(data) ?? [])
    .map(versionOf)
    .filter((version) => version !== undefined)
    .sort(compareVersions)
    .at(-1);
  return newest === undefined ? undefined : { value: newest, origin: data };
}

/** True from the May 2025 releases on; undefined when the version is not known. */
export function isSinceMay2025(version: string | undefined): boolean | undefined {
  const match = /^v(\d+)\.(\d+)\.(\d+)/.exec(version ?? '');
  if (match === null) return undefined;
  const [major, minor, patch] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (major !== 1) return major > 1;
  const first = may2025[minor];
  return first === undefined ? minor > 33 : patch >= first;
}

/** `v1.33.1-rke2r1-abc123def456` to `v1.33.1+rke2r1`; undefined for anything else. */
function versionOf(directory: string | undefined): string | undefined {
  const match = /^(v\d+\.\d+\.\d+(?:-(?:alpha|beta|rc)[\w.]*)?)-((?:rke2|k3s)[\w.]*)(?:-[0-9a-f]+)?$/.exec(
    directory ?? '',
  );
  return match === null ? undefined : `${match[1] ?? ''}+${match[2] ?? ''}`;
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

const components = ['kube-scheduler', 'kube-controller-manager'] as const;

/**
 * The file of a component that made its own serving certificate in its `cert-dir`, as it does on releases before May 2025,
 * in the very place where later ones put one of the product's (products 1.3). The product replaces it at its next start when
 * it is of a later release: a node that has one still runs an earlier one, whatever its version.
 */
export function selfMadeCertificate(dataDir: string, reader: FileReader): string | undefined {
  return components
    .map((name) => `${dataDir}/server/tls/${name}/${name}.crt`)
    .find((path) => {
      const file = reader.read(path);
      return file.state === 'regular' && isSelfMade(file.bytes);
    });
}

/** Kubernetes signs `<host>@<seconds>` with an authority of one use, `<host>-ca@<seconds>`, both made in that moment. */
function isSelfMade(bytes: Buffer): boolean {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(bytes);
  } catch {
    return false;
  }
  const host = /^CN=(.+)@\d+$/.exec(certificate.subject)?.[1];
  const signer = /^CN=(.+)-ca@\d+$/.exec(certificate.issuer)?.[1];
  return host !== undefined && host === signer;
}
