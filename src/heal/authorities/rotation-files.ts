import { basename, dirname } from 'node:path';
import { writeDurably } from '../../disk/durable-write.ts';
import type { FileReader } from '../../disk/file-reader.ts';
import { makeOwnDirectory, removeOwnTree } from '../../disk/own-files.ts';
import { ownPaths } from '../../disk/own-paths.ts';
import { bootstrapFiles } from '../../layout/bootstrap-files.ts';
import type { Layout } from '../../layout/layout.ts';
import type { Ports, WriteSide } from '../../survey/ports.ts';
import { CertmendError, exitStatus } from '../../error.ts';

/**
 * What a rotation keeps until it is finished, below `/var/lib/certmend/authority-rotation`: `old/` is the bootstrap set as it was,
 * `new/` the authorities that are sent, both laid out as the product's own command takes them (`tls/server-ca.crt`); `tokens/` what
 * the tokens are afterwards. Keys and passwords: every file 0600, every directory 0700.
 */
const directories = { old: 'old', new: 'new', tokens: 'tokens' } as const;

export function rotationPath(which: keyof typeof directories, name = ''): string {
  const directory = `${ownPaths.authorityRotation}/${directories[which]}`;
  return name === '' ? directory : `${directory}/${name}`;
}

/** `tls/server-ca.crt` of a file of the product. */
export function placeOf(path: string, { dataDir }: Pick<Layout, 'dataDir'>): string {
  return path.startsWith(`${dataDir}/server/`) ? path.slice(`${dataDir}/server/`.length) : basename(path);
}

export interface KeptFile {
  readonly which: keyof typeof directories;
  /** `tls/server-ca.crt` */
  readonly name: string;
  readonly bytes: Buffer;
}

/**
 * Makes all of them durable, in the place of what an earlier rotation left.
 *
 * @throws CertmendError StorageFull and siblings
 */
export function keepFiles(ports: Ports, write: WriteSide, files: readonly KeptFile[]): void {
  forgetFiles(ports, write);
  for (const { which, name, bytes } of files) {
    const path = rotationPath(which, name);
    makeOwnDirectory(ports.reader, write.writer, dirname(path));
    const temporaryName = `.${basename(path)}.certmend-${write.randomHex(8)}`;
    writeDurably(write.writer, path, bytes, { mode: 0o600, temporaryName });
  }
}

/** The bootstrap set of this node as it is on the disk: the way back. */
export function oldFiles(layout: Layout, reader: FileReader): readonly KeptFile[] {
  return layout.entries.flatMap(bootstrapFiles).flatMap((path): KeptFile[] => {
    const file = reader.read(path, layout.dataDir);
    return file.state === 'regular' ? [{ which: 'old', name: placeOf(path, layout), bytes: file.bytes }] : [];
  });
}

/** @throws CertmendError RotationUnfit when it is not there as it was kept */
export function keptFile(reader: FileReader, which: keyof typeof directories, name: string): Buffer {
  const path = rotationPath(which, name);
  const file = reader.readOwn(path);
  if (file.state === 'regular') return file.bytes;
  const problem = file.state === 'absent' ? 'is missing' : file.detail;
  throw new CertmendError('RotationUnfit', `the rotation cannot go on: ${path} ${problem}; nothing was changed`, {
    exit: exitStatus.refused,
    hint: `if the servers were restarted since, the rotation is in their datastore: see certmend ca status`,
  });
}

/** Removes all of them. @throws CertmendError StorageReadOnly and siblings */
export function forgetFiles({ reader }: Ports, { writer }: WriteSide): void {
  removeOwnTree(reader, writer, ownPaths.authorityRotation);
}
