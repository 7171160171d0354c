import { writeDurably } from '../disk/durable-write.ts';
import { makeOwnDirectory } from '../disk/own-files.ts';
import { ownPaths } from '../disk/own-paths.ts';
import type { Layout } from '../layout/layout.ts';
import type { Ports, WriteSide } from '../survey/ports.ts';
import { externalStatement } from './external-statement.ts';
import { passwordsOf } from './passwords.ts';
import { contextOf, type RenewedSet } from './renewed-set.ts';
import type { DiskPorts } from './work-files.ts';

/** For a database of the operator's: what is to be run there, in a file of certmend's own, 0600. */
export type StatementOutcome =
  | { readonly decision: 'nothing-to-do'; readonly layout: Layout; readonly at: number; readonly kept: undefined }
  | {
      readonly decision: 'statement-written' | 'would-write-statement';
      readonly layout: Layout;
      readonly at: number;
      readonly key: string;
      readonly renewed: RenewedSet;
      /** Node path. */
      readonly file: string;
      readonly look: string;
      readonly apply: string;
    };

/** Nothing of the node changes, so nobody is asked. */
export function stateFor(
  ports: Ports,
  disk: DiskPorts,
  { audit }: WriteSide,
  { layout, now, isDryRun }: { readonly layout: Layout; readonly now: number; readonly isDryRun: boolean },
): StatementOutcome {
  const scheme = layout.settings.find(({ key }) => key === 'datastore-endpoint')?.value ?? '';
  const passwords = passwordsOf(layout, ports.reader);
  const statement = externalStatement(scheme, passwords, contextOf(ports, layout.dataDir, now));
  if (statement === undefined) return { decision: 'nothing-to-do', layout, at: now, kept: undefined };
  const { key, renewed, text, look, apply } = statement;
  const file = ownPaths.statement;
  const said = { layout, at: now, key, renewed, file, look, apply: apply.replace('FILE', file) };
  if (isDryRun) return { decision: 'would-write-statement', ...said };
  makeOwnDirectory(disk.reader, disk.writer);
  const temporaryName = `.${file.slice(file.lastIndexOf('/') + 1)}.new`;
  if (disk.reader.stat(`${ownPaths.stateDirectory}/${temporaryName}`).state !== 'absent')
    disk.writer.unlink(`${ownPaths.stateDirectory}/${temporaryName}`);
  writeDurably(disk.writer, file, Buffer.from(text, 'latin1'), { mode: 0o600, temporaryName });
  audit.record({
    event: 'recovery-prepared',
    priority: 'notice',
    reason: 'AuthorityExpired',
    path: file,
    message: `a statement that renews ${renewed.authorities.map(({ id }) => id).join(', ')} in the external datastore was written`,
    isOnConsole: true,
  });
  return { decision: 'statement-written', ...said };
}
