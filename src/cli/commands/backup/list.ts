import { compose } from '../../../composition.ts';
import type { ExitStatus } from '../../../error.ts';
import { backupListText, type BackupList } from '../../../report/backup/backup.ts';
import { apiVersion } from '../../../report/document.ts';
import { rfc3339 } from '../../../time/rfc3339.ts';
import type { Arguments } from '../../command.ts';
import type { Io } from '../../io.ts';
import { paperOf, print } from '../../print.ts';
import { ofBackupList } from '../../status-of.ts';
import { placeOf } from './places.ts';

export async function run(args: Arguments & { readonly to: string | undefined }, io: Io): Promise<ExitStatus> {
  const ports = await compose(args, io, { askSystemd: false });
  const { archivesIn } = await import('../../../backup/place.ts');
  const place = await placeOf(ports, args.to);
  const now = ports.clock.now();
  const report: BackupList = {
    apiVersion,
    kind: 'BackupList',
    at: rfc3339(now),
    directory: place.directory,
    backups: archivesIn(place).map(({ path, nodeName, at, size, header, problem }) => ({
      path,
      nodeName,
      createdAt: rfc3339(at),
      ageSeconds: Math.floor((now - at) / 1000),
      sizeBytes: size ?? null,
      recipients: header?.recipients.length ?? null,
      problem: problem ?? null,
    })),
  };
  print(args, io, report, () => backupListText(report, paperOf(io)));
  return ofBackupList(report);
}
