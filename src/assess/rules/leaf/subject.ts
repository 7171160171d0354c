import type { LeafItem } from '../../../inventory/inventory.ts';
import type { PrivateKey } from '../../../x509/private-key.ts';
import type { Certificate } from '../../../x509/certificate.ts';
import type { ReasonCode } from '../../../reason.ts';
import type { Blocked } from '../../assessment.ts';
import { effectiveEnd, issuerRelation, type IssuerRelation } from '../../chain.ts';
import type { AssessContext } from '../../context.ts';
import { isReplaceable } from '../../file-fault.ts';
import { pairMountInTheWay } from '../../mounts.ts';
import type { Issuer } from '../../issuer.ts';
import { isBetterGone } from '../product-start.ts';
import type { Fault } from '../rule.ts';

/** A leaf entry with everything its rules look at. */
export interface LeafSubject {
  readonly item: LeafItem;
  readonly context: AssessContext;
  /** The leaf certificate; undefined when the file is missing or damaged. */
  readonly leaf: Certificate | undefined;
  readonly key: PrivateKey | undefined;
  readonly issuer: Issuer | undefined;
  /** Undefined when the leaf or its authority cannot be read. */
  readonly relation: IssuerRelation | undefined;
  /** ms since the epoch: the end of the best chain. */
  readonly effectiveNotAfter: number | undefined;
}

export function leafSubject(item: LeafItem, context: AssessContext): LeafSubject {
  const chain = item.certificates.ok ? item.certificates.value : [];
  const [leaf, ...carried] = chain;
  const issuer = context.issuers.get(item.entry.issuer);
  const authority = issuer?.certificates ?? [];
  return {
    item,
    context,
    leaf,
    key: item.key.ok ? item.key.value : undefined,
    issuer,
    relation: leaf === undefined || authority.length === 0 ? undefined : issuerRelation(leaf, authority, carried),
    effectiveNotAfter: leaf === undefined ? undefined : effectiveEnd(leaf, authority, carried, context.now),
  };
}

/**
 * The answer that certmend can really give where a new pair is wanted: `operator` for what the table forbids, for a file
 * that cannot be renamed over, and where the authority cannot sign.
 */
export function pairAnswer(
  subject: LeafSubject,
  wanted: 'rotate' | 'repair',
  code: ReasonCode,
): { readonly answer: Fault['answer']; readonly blocked?: Blocked; readonly remark: string } {
  const { entry, certificateFile, keyFile } = subject.item;
  if (entry.reissuedAtStart) return { answer: 'operator', remark: '' };
  if (entry.protected) return { answer: 'operator', remark: '; certmend never writes this file' };
  if (!isReplaceable(entry.certificatePath, certificateFile) || !isReplaceable(entry.keyPath, keyFile))
    return { answer: 'operator', remark: '' };
  const mount = pairMountInTheWay(subject.item, subject.context.mounted);
  if (mount !== undefined) return { answer: 'operator', remark: `; ${mount}` };
  const problem = subject.issuer === undefined ? undefined : subject.issuer.problem;
  if (subject.issuer !== undefined && problem === undefined) return { answer: wanted, remark: '' };
  const { context } = subject;
  const mayGo = [entry.certificatePath, entry.keyPath].every((path) => context.mounted?.has(path) !== true);
  const takenAway = wanted === 'repair' && problem !== undefined && mayGo && isBetterGone(context, problem, code);
  const { product, unit } = context.layout;
  const then = takenAway
    ? `; the boot hook removes the pair, and ${product} recreates it when ${unit} starts and has restored the authority`
    : '';
  return {
    answer: 'operator',
    blocked: {
      answer: wanted,
      authority: entry.issuer,
      by: problem?.code ?? 'AuthorityMissing',
      onlyKey: problem?.onlyKey ?? false,
      takenAway,
    },
    remark: `; no new one can be issued: ${problem?.clause ?? `${entry.issuer} is not known`}${then}`,
  };
}

/** A fault of the pair, with the answer that is possible. */
export function pairFault(
  subject: LeafSubject,
  wanted: 'rotate' | 'repair',
  fault: Pick<Fault, 'code' | 'severity' | 'message' | 'path'>,
): Fault {
  const { answer, blocked, remark } = pairAnswer(subject, wanted, fault.code);
  return {
    ...fault,
    message: `${fault.message}${remark}`,
    answer,
    ...(blocked === undefined ? {} : { blocked }),
  };
}
