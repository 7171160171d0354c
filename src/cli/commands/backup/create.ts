import { compose } from '../../../composition.ts';
import { readTyped } from '../../../composition-tools.ts';
import { CertmendError, exitStatus, type ExitStatus } from '../../../error.ts';
import { apiVersion, documented } from '../../../report/document.ts';
import { backupText, type BackupReport } from '../../../report/backup/backup.ts';
import { telling } from '../../../session/telling.ts';
import type { Arguments } from '../../command.ts';
import type { Io } from '../../io.ts';
import { paperOf, print } from '../../print.ts';
import { ofBackup } from '../../status-of.ts';
import { tellLayout } from '../tell-layout.ts';
import { placeOf } from './places.ts';

interface CreateArguments extends Arguments {
  readonly recipient: readonly string[];
  readonly recipientsFile: string | undefined;
  readonly to: string | undefined;
}

export async function run(args: CreateArguments, io: Io): Promise<ExitStatus> {
  const ports = await compose(args, io, { askSystemd: false });
  tellLayout(ports, args, io);
  const { whyNoRecipient } = await import('../../../backup/age.ts');
  const recipients = recipientsOf(args, ports.config.backup.recipients);
  for (const recipient of recipients) {
    const problem = whyNoRecipient(recipient);
    // Not the text itself: who mistakes a private key for a public one must not find it in a log.
    if (problem !== undefined)
      throw noRecipients(`recipient ${String(recipients.indexOf(recipient) + 1)} cannot be used: ${problem}`);
  }
  if (recipients.length === 0) throw noRecipients('nothing says who shall be able to read the backup');
  const { createBackup } = await import('../../../backup/create.ts');
  const { noteBackup, noteFailure } = await import('../../../backup/note-backup.ts');
  const place = await placeOf(ports, args.to);
  try {
    const made = await telling(ports, () => createBackup(ports, place, { recipients }));
    const notes = [...made.notes, ...(await noteBackup(ports, made))];
    const report: BackupReport = {
      apiVersion,
      kind: 'Backup',
      at: made.manifest.createdAt,
      root: ports.root,
      nodeName: made.manifest.node.nodeName,
      layout: made.manifest.layout,
      path: made.path,
      sizeBytes: made.size,
      sha256: made.sha256,
      recipients,
      files: made.files,
      reasons: documented(made.faults),
      left: made.left,
      removed: made.removed,
      notes,
    };
    print(args, io, report, () => backupText(report, paperOf(io)));
    return ofBackup(report);
  } catch (error) {
    if (error instanceof CertmendError) await noteFailure(ports, error);
    throw error;
  }
}

function recipientsOf(
  { recipient, recipientsFile }: CreateArguments,
  configured: readonly string[],
): readonly string[] {
  const listed =
    recipientsFile === undefined
      ? []
      : readTyped(recipientsFile)
          .toString('utf8')
          .split('\n')
          .map((line) => line.trim())
          .filter((line) => line !== '' && !line.startsWith('#'));
  const given = [...recipient.flatMap((words) => words.split(',')), ...listed];
  return [...new Set(given.length === 0 && recipientsFile === undefined ? configured : given)];
}

function noRecipients(problem: string): CertmendError {
  return new CertmendError('Usage', `${problem}; no backup was made`, {
    exit: exitStatus.usage,
    hint: 'give a public key with --recipient age1…, or set backup.recipients in /etc/certmend/config.yaml; age-keygen makes a pair',
  });
}
