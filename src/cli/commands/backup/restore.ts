import { openDoor } from '../../../commit/open-door.ts';
import { journalPending } from '../../../commit/journal.ts';
import { compose } from '../../../composition.ts';
import { archivePlaceOf } from '../../../composition-tools.ts';
import type { RestoreConsent, RestorePlan } from '../../../backup/restore-plan.ts';
import { exitStatus, type ExitStatus } from '../../../error.ts';
import { documented } from '../../../report/document.ts';
import { type RestoreReport, restoreText } from '../../../report/backup/backup.ts';
import { apiVersion } from '../../../report/document.ts';
import type { SaidReason } from '../../../reason.ts';
import type { Ports } from '../../../survey/ports.ts';
import { rfc3339 } from '../../../time/rfc3339.ts';
import type { Arguments } from '../../command.ts';
import type { Io } from '../../io.ts';
import { confirmNode } from '../../confirm-node.ts';
import { paperOf, print } from '../../print.ts';
import { identitiesOf } from './verify.ts';

interface RestoreArguments extends Arguments {
  readonly file: string;
  readonly identity: string;
  readonly confirm: string | undefined;
  readonly otherNode: boolean;
  readonly olderAuthority: boolean;
}

/** The second door to protected paths (P2) is opened here, when a person has typed the name of the node. */
export async function run(args: RestoreArguments, io: Io): Promise<ExitStatus> {
  const ports = await compose(args, io, { askSystemd: true });
  const [{ openArchive }, { proveTree }, { planRestore, restoreCommand }, restoring] = await Promise.all([
    import('../../../backup/archive.ts'),
    import('../../../backup/prove.ts'),
    import('../../../backup/restore-plan.ts'),
    import('../../../backup/restore.ts'),
  ]);
  const { archives, directory: path } = await archivePlaceOf('/', { typed: args.file });
  const archive = await openArchive(archives, path, await identitiesOf(args.identity));
  const { manifest } = archive;
  const { layout, faults } = await proveTree(ports, manifest, archive.files);
  const { nodeName } = manifest.node;
  const consent: RestoreConsent = args;
  const command = restoreCommand(path, args.identity, nodeName, consent);
  restoring.refuseWhileItRuns(ports, layout.unit, command);
  const report = (plan: RestorePlan, decision: RestoreReport['decision'], notes: readonly string[]): RestoreReport => ({
    apiVersion,
    kind: 'Restore',
    at: rfc3339(ports.clock.now()),
    root: ports.root,
    path,
    nodeName,
    layout: layout.name,
    unit: layout.unit,
    createdAt: manifest.createdAt,
    decision,
    files: plan.files,
    reasons: documented(faults),
    notes: [...plan.notes, ...notes],
  });
  const show = (document: RestoreReport): void => {
    print(args, io, document, () => restoreText(document, paperOf(io)));
  };
  const foreseen = planRestore(ports, archive, layout, consent);
  const isOpen = journalPending(ports.reader);
  if (foreseen.changes.length === 0 && !isOpen) {
    show(report(foreseen, 'nothing-to-do', []));
    return exitStatus.ok;
  }
  if (args.confirm === undefined) show(report(foreseen, 'would-restore', []));
  await confirmNode(args, io, { nodeName, what: 'replace authorities and keys by those of the backup', command });
  const opened: Ports = { ...ports, door: openDoor('backup restore') };
  const { plan, notes } = await restoring.restoreBackup(opened, archive, { layout, named: path, consent });
  show(report(plan, 'restored', [...notes, ...restoring.afterwards(ports, layout)]));
  return ofFaults(faults);
}

function ofFaults(faults: readonly SaidReason[]): ExitStatus {
  return faults.length === 0 ? exitStatus.ok : exitStatus.warning;
}
