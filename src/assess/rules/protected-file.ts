import type { DocumentItem, KeyItem } from '../../inventory/inventory.ts';
import type { Finding } from '../assessment.ts';
import { certificateRow, type Judgement } from '../row.ts';
import { leaveToProduct } from './product-start.ts';
import type { FileState } from '../../disk/file-reader.ts';
import type { AssessContext } from '../context.ts';
import { shellWord } from '../../disk/shell-word.ts';

/** What a person does about an authority that is still good: the product replaces it, while everything runs (products 4.3). */
export function replaceAuthority({ layout }: AssessContext): string {
  return layout.role === 'server'
    ? 'certmend ca status says what replacing it means, certmend ca rotate does it step by step (docs/authorities.md)'
    : 'replace it on a server of the cluster: certmend ca status there, then certmend ca rotate (docs/authorities.md)';
}

/** The same once it is too late: the product's command asks a server that runs, over TLS that works (products 3.5). */
export function endedAuthority({ layout }: AssessContext): string {
  const where = layout.role === 'server' ? '' : 'on a server of the cluster: ';
  return `${layout.product} certificate rotate-ca needs a running cluster; ${where}certmend ca recover (see docs/authorities.md)`;
}

/** A file that certmend never writes, and what the product does about it. */
export interface Shielded {
  readonly path: string;
  readonly file: FileState;
  /** Of the bootstrap set: in the datastore, and back from there when it is missing. Never true of a token. */
  readonly restored: boolean;
}

/**
 * What a person does about a damaged protected file. One of the bootstrap set is taken away, not mended: the product puts
 * back what its datastore holds when the file is missing, and refuses to start when it is there and different
 * (products 3.3, 3.4). What is in no datastore must not be lost: taking a token away would cost the node its cluster.
 * @param remedy of the file as a file: what it is reached through, who may not read it
 */
export function damagedRemedy(context: AssessContext, { path, file, restored }: Shielded, remedy?: string): string {
  // A directory can be moved away like a file; what is linked or cannot be read has to be seen to first.
  const isInTheWay = file.state === 'unreadable' && file.problem !== 'directory' && remedy !== undefined;
  if (isInTheWay) return remedy;
  if (!restored || context.layout.role !== 'server')
    return 'certmend never writes it: restore the original from a backup';
  if (!context.restores) return `certmend never writes it: restore the original from a backup, ${tokenFirst(context)}`;
  return `certmend never writes it: move it away (mv -T ${shellWord(path)} ${shellWord(`${path}.damaged`)}) and ${starting(context)}, which restores it from its datastore`;
}

/** The same for one that is not there. */
export function missingRemedy(context: AssessContext, path: string, restored = true): string {
  const { layout, initialised, traces } = context;
  if (!initialised && traces.length === 0 && layout.role === 'server')
    return `${layout.product} creates it when ${layout.unit} first starts`;
  if (!restored || layout.role !== 'server') return `restore ${path} from a backup`;
  return context.restores
    ? `${starting(context)}, which restores it from its datastore, or restore ${path} from a backup`
    : `restore ${path} from a backup, ${tokenFirst(context)}`;
}

function starting({ layout, serviceRunning }: AssessContext): string {
  return `${serviceRunning === true ? 'restart' : 'start'} ${layout.unit}`;
}

function tokenFirst({ layout }: AssessContext): string {
  return `the token first: without it ${layout.product} cannot read its datastore and treats the node as new`;
}

/** The judgement on a file without a certificate: a key, a document. @param found what its rules have found */
export function judgeSecretFile(
  { kind, entry, file }: KeyItem | DocumentItem,
  found: readonly Finding[],
  context: AssessContext,
): Judgement {
  const owner = { id: entry.id, certificatePath: entry.path };
  const findings = entry.reissuedAtStart ? leaveToProduct(found, owner, context) : found;
  const row = certificateRow({
    id: entry.id,
    path: entry.path,
    role: kind,
    file,
    certificate: undefined,
    effectiveNotAfter: undefined,
    found,
    reported: findings,
    now: context.now,
  });
  return { findings, row };
}
