import type { ArchivePlace } from '../../../backup/ports.ts';
import { archivePlaceOf } from '../../../composition-tools.ts';
import { CertmendError, exitStatus } from '../../../error.ts';
import type { Ports } from '../../../survey/ports.ts';

/**
 * The directory of `--to`, as the person sees it from here, or that of `backup.to`, which is a path of the node.
 * @throws CertmendError Usage when neither says one
 */
export async function placeOf(ports: Ports, to: string | undefined): Promise<ArchivePlace> {
  const configured = ports.config.backup.to;
  if (to === undefined && configured === undefined) {
    throw new CertmendError('Usage', 'nothing says where the backups are', {
      exit: exitStatus.usage,
      hint: 'give a directory with --to DIR, or set backup.to in /etc/certmend/config.yaml',
    });
  }
  return archivePlaceOf(ports.root, to === undefined ? { configured: configured ?? '' } : { typed: to });
}
