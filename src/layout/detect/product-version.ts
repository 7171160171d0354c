import type { FileReader } from '../../disk/file-reader.ts';
import type { Origin } from '../../disk/origin.ts';

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
