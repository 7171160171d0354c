import { compose } from '../../../composition.ts';
import { readTyped } from '../../../composition-tools.ts';
import type { ArchivePlace } from '../../../backup/ports.ts';
import { CertmendError, exitStatus, type ExitStatus } from '../../../error.ts';
import { type BackupVerification, verificationText } from '../../../report/backup/backup.ts';
import { apiVersion, documented } from '../../../report/document.ts';
import { rfc3339 } from '../../../time/rfc3339.ts';
import type { Ports } from '../../../survey/ports.ts';
import { findLayout } from '../../../survey/survey.ts';
import type { Arguments } from '../../command.ts';
import type { Io } from '../../io.ts';
import { paperOf, print } from '../../print.ts';
import { ofVerification } from '../../status-of.ts';
import { archivePlaceOf } from '../../../composition-tools.ts';
import { placeOf } from './places.ts';

interface VerifyArguments extends Arguments {
  readonly file: string | undefined;
  readonly identity: string | undefined;
}

export async function run(args: VerifyArguments, io: Io): Promise<ExitStatus> {
  const ports = await compose(args, io, { askSystemd: false });
  const { place, path } = await archiveOf(ports, args.file);
  const { look, openArchive } = await import('../../../backup/archive.ts');
  const { size, header } = look(place.archives, path);
  const contents =
    args.identity === undefined
      ? null
      : await contentsOf(ports, await openArchive(place.archives, path, await identitiesOf(args.identity)));
  const report: BackupVerification = {
    apiVersion,
    kind: 'BackupVerification',
    at: rfc3339(ports.clock.now()),
    path,
    sizeBytes: size,
    recipients: header.recipients,
    depth: contents === null ? 'header' : 'contents',
    contents,
  };
  print(args, io, report, () => verificationText(report, paperOf(io)));
  return ofVerification(report);
}

type Opened = Awaited<ReturnType<typeof import('../../../backup/archive.ts').openArchive>>;

async function contentsOf(ports: Ports, { manifest, files }: Opened): Promise<BackupVerification['contents']> {
  const { proveTree } = await import('../../../backup/prove.ts');
  const { faults, pairs } = await proveTree(ports, manifest, files);
  return {
    ...manifest.node,
    layout: manifest.layout,
    productVersion: manifest.productVersion,
    dataDir: manifest.dataDir,
    createdAt: manifest.createdAt,
    certmend: manifest.certmend,
    files: manifest.files.map(({ path, sha256, size }) => ({ path, sha256, sizeBytes: size })),
    pairs,
    reasons: documented(faults),
  };
}

export async function identitiesOf(path: string): Promise<readonly string[]> {
  const { parseIdentities } = await import('../../../backup/age.ts');
  return parseIdentities(readTyped(path).toString('utf8'), path);
}

/** The file that was named, or the latest of this node in `backup.to`. */
async function archiveOf(
  ports: Ports,
  file: string | undefined,
): Promise<{ readonly place: ArchivePlace; readonly path: string }> {
  if (file !== undefined) {
    const place = await archivePlaceOf('/', { typed: file });
    return { place, path: place.directory };
  }
  const place = await placeOf(ports, undefined);
  const { archivesIn } = await import('../../../backup/place.ts');
  const { nodeName } = findLayout(ports);
  const latest = archivesIn(place).find((one) => one.nodeName === nodeName);
  if (latest !== undefined) return { place, path: latest.path };
  throw new CertmendError('BackupUnreadable', `there is no backup of ${nodeName} in ${place.directory}`, {
    exit: exitStatus.refused,
    hint: 'name a file: certmend backup verify FILE; certmend backup list shows what is there',
  });
}
