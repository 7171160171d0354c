import type { ArchivePlace } from './backup/ports.ts';
import type { Io } from './cli/io.ts';
import { requireReadable } from './disk/file-reader.ts';
import type { Examiner } from './doctor/examine.ts';
import { CertmendError, exitStatus } from './error.ts';
import type { RecoveryTools } from './recover/recover.ts';
import { createFileReader } from './system/files/node-file-reader.ts';
import { fromWorkingDirectory } from './system/files/working-directory.ts';

/* What a single command asks of the machine besides its ports. */

/**
 * A directory for archives, or an archive: one that a person typed is a path of this machine, whatever --root says; one of
 * the configuration is a path of the node.
 */
export async function archivePlaceOf(
  root: string,
  where: { readonly typed: string } | { readonly configured: string },
): Promise<ArchivePlace> {
  const { archivePlace } = await import('./system/files/archive-place.ts');
  return 'typed' in where ? archivePlace('/', fromWorkingDirectory(where.typed)) : archivePlace(root, where.configured);
}

/**
 * A file that a person named on the command line: it is one of this machine, whatever --root says.
 * @throws CertmendError Usage when there is none, StorageDenied, StorageFailed
 */
export function readTyped(path: string): Buffer {
  const file = createFileReader('/').read(fromWorkingDirectory(path));
  requireReadable(path, file);
  if (file.state === 'regular') return file.bytes;
  const problem = file.state === 'absent' ? 'is not there' : file.detail;
  throw new CertmendError('Usage', `${path} ${problem}; nothing was changed`, {
    exit: exitStatus.usage,
    hint: 'give the path of a file that can be read',
  });
}

/** What only `doctor` asks of the machine. */
export async function composeExaminer(root: string, io: Io): Promise<Examiner> {
  const { createExaminer } = await import('./system/examiner.ts');
  return createExaminer(root, io.env['PATH'] ?? '');
}

/** What only `ca recover` asks of the machine. */
export async function composeRecovery(root: string): Promise<RecoveryTools> {
  const [{ createLargeFiles }, { createSqlite }] = await Promise.all([
    import('./system/files/large-files.ts'),
    import('./system/sqlite.ts'),
  ]);
  return { files: createLargeFiles(root), openSqlite: createSqlite(root) };
}

/** What only `report` needs: the end of the audit log, and a place for its page. */
export async function composePage(root: string): Promise<{
  readonly auditTail: () => string | undefined;
  readonly writePage: (path: string, text: string, mark: string, among: readonly string[]) => void;
}> {
  const [{ auditTail }, { writePage }] = await Promise.all([
    import('./system/files/audit-file.ts'),
    import('./system/files/page-file.ts'),
  ]);
  return {
    auditTail: () => auditTail(root),
    writePage: (path, text, mark, among) => {
      writePage(path, text, mark, among, root);
    },
  };
}
