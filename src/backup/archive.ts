import { createHash } from 'node:crypto';
import { version } from '../build-info.ts';
import { CertmendError, exitStatus } from '../error.ts';
import type { Layout } from '../layout/layout.ts';
import { rfc3339 } from '../time/rfc3339.ts';
import { decryptWith, readAgeHeader, type AgeHeader } from './age.ts';
import type { Contents, RegularFile } from './contents.ts';
import { type BackupManifest, formatManifest, manifestName, manifestSchema, parseManifest } from './manifest.ts';
import type { ArchiveReader } from './ports.ts';
import { maxTarBytes, readTar, type TarFile, writeTar } from './ustar.ts';

/** A backup that was decrypted and found to be, byte for byte, what its manifest says. */
export interface OpenArchive {
  readonly manifest: BackupManifest;
  /** By node path. */
  readonly files: ReadonlyMap<string, RegularFile>;
  readonly size: number;
  readonly header: AgeHeader;
}

/** Every piece of it is authenticated by age; 64 KiB of plain text are 16 bytes longer then. */
const maxArchiveBytes = maxTarBytes + maxTarBytes / 1024;

export function manifestOf(
  layout: Layout,
  machineId: string,
  { files, directories }: Contents,
  now: number,
): BackupManifest {
  return {
    schema: manifestSchema,
    createdAt: rfc3339(now),
    certmend: version,
    node: { nodeName: layout.nodeName, machineId },
    layout: layout.name,
    product: layout.product,
    productVersion: layout.productVersion?.value ?? null,
    dataDir: layout.dataDir,
    unit: layout.unit,
    files: [...files].map(([path, { bytes, sha256, mode, uid, gid, mtimeMs }]) => ({
      path,
      sha256,
      size: bytes.length,
      mode,
      uid,
      gid,
      modifiedAt: rfc3339(Math.floor(mtimeMs)),
    })),
    directories,
  };
}

/** The plain archive: the manifest first, then the files. */
export function* packed(manifest: BackupManifest, { files }: Contents): Generator<Uint8Array> {
  const seconds = Math.floor(Date.parse(manifest.createdAt) / 1000);
  const first = { name: manifestName, bytes: formatManifest(manifest), mode: 0o600, uid: 0, gid: 0, mtime: seconds };
  const others = [...files].map(([path, file]): TarFile => {
    const { bytes, mode, uid, gid, mtimeMs } = file;
    return { name: path.slice(1), bytes, mode, uid, gid, mtime: Math.floor(mtimeMs / 1000) };
  });
  yield* writeTar([first, ...others]);
}

/**
 * @throws CertmendError BackupUnreadable (77) for what is no whole backup, or is encrypted to somebody else; StorageFailed
 * and siblings (73) when it cannot be read. Nothing was written
 */
export async function openArchive(
  archives: ArchiveReader,
  path: string,
  identities: readonly string[],
): Promise<OpenArchive> {
  const { size, header } = look(archives, path);
  const decrypted = await decryptWith(identities, archives.pieces(path, maxArchiveBytes), maxTarBytes);
  if (!decrypted.ok) {
    throw unreadable(
      path,
      decrypted.why,
      decrypted.isWrongKey ? 'give the private key of one of its recipients with --identity' : anotherOne,
    );
  }
  const tar = readTar(decrypted.bytes);
  if (!tar.ok) throw unreadable(path, tar.problem);
  const [first, ...others] = tar.files;
  if (first?.name !== manifestName) throw unreadable(path, 'does not begin with a manifest: certmend did not make it');
  const manifest = parseManifest(first.bytes);
  if (typeof manifest === 'string') throw unreadable(path, manifest);
  return { manifest, files: matched(manifest, others, path), size, header };
}

/**
 * What can be said of an archive without a key.
 * @throws CertmendError as `openArchive`
 */
export function look(archives: ArchiveReader, path: string): { readonly size: number; readonly header: AgeHeader } {
  const size = archives.size(path);
  if (size > maxArchiveBytes) throw unreadable(path, `is ${String(size)} bytes, more than any backup has`);
  const start = Buffer.concat([...archives.pieces(path, Math.min(size, 64 * 1024))]);
  const header = readAgeHeader(start);
  if (typeof header === 'string') throw unreadable(path, header);
  return { size, header };
}

/** Every file that the manifest names is there, as it says, and no other. */
function matched(manifest: BackupManifest, members: readonly TarFile[], archive: string): OpenArchive['files'] {
  const named = new Map(manifest.files.map((file) => [file.path, file]));
  if (named.size !== manifest.files.length) throw unreadable(archive, 'names a file twice in its manifest');
  if (members.length !== named.size) throw unreadable(archive, 'holds other files than its manifest names');
  return new Map(
    members.map(({ name, bytes, mode, uid, gid }): readonly [string, RegularFile] => {
      const path = `/${name}`;
      const file = named.get(path);
      if (file === undefined) throw unreadable(archive, `holds ${path}, which its manifest does not name`);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      if (sha256 !== file.sha256 || bytes.length !== file.size)
        throw unreadable(archive, `holds ${path}, which is not what was backed up: its digest differs`);
      if (mode !== file.mode || uid !== file.uid || gid !== file.gid)
        throw unreadable(archive, `holds ${path} with another owner or mode than its manifest says`);
      const mtimeMs = Date.parse(file.modifiedAt);
      return [path, { state: 'regular', bytes: Buffer.from(bytes), sha256, mode, uid, gid, mtimeMs }];
    }),
  );
}

const anotherOne = 'use another one: certmend backup list';

function unreadable(path: string, problem: string, hint: string = anotherOne): CertmendError {
  return new CertmendError('BackupUnreadable', `${path} ${problem}; nothing was written`, {
    exit: exitStatus.refused,
    hint,
  });
}
