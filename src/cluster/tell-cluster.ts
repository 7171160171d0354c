import { CertmendError } from '../error.ts';
import type { AuthorityItem, LeafItem } from '../inventory/inventory.ts';
import { isKeyOf } from '../assess/leaf-checks.ts';
import type { State } from '../state/state.ts';
import type { ApiSession, ApiTarget, Ports } from '../survey/ports.ts';
import type { Survey } from '../survey/survey.ts';
import { instantOf, rfc3339 } from '../time/rfc3339.ts';
import { hourMs } from '../time/units.ts';
import { clusterRefused } from './api.ts';
import { desiredOf, type Desired } from './desired.ts';
import { nextRepeatMs, nodeEvents } from './events.ts';
import { loadMemory, saveMemory, type ClusterMemory, type Failure } from './memory.ts';
import { userName } from './names.ts';
import { ownPair } from './own-pair.ts';
import { tellCertificates } from './tell-certificates.ts';
import { seeNode, tellEvents, tellNode, type Speaker } from './tell-node.ts';

/** What a report came to. `news`: the first that succeeded, or that failed in another way than the one before. */
export interface Told {
  readonly memory: ClusterMemory;
  readonly news: 'told' | 'failed' | undefined;
  /** What to do about a failure. */
  readonly hint: string | undefined;
  /** When to report again though nothing changes, in milliseconds. */
  readonly againMs: number | undefined;
}

/** So often all of it is compared with what the API server has: it may be another one, from a backup, or somebody wrote. */
const compareMs = 6 * hourMs;
/** Attempts after a failure: soon at first, since a node that starts is up before its API server is. */
const retryMs = [15_000, 30_000, 60_000, 120_000, 300_000, 600_000] as const;
const slowestRetryMs = 900_000;

/**
 * Tells the cluster what has changed on this node since it was told last, and nothing when nothing has. It fails into what
 * it returns and into what is remembered: that the cluster cannot be told is no fault of the node. The caller is the daemon
 * alone, and one at a time.
 *
 * @param stopping ends it early; undefined is returned then
 * @throws CertmendError Storage… when what was told cannot be remembered
 */
export async function tellCluster(
  ports: Ports,
  found: { readonly survey: Survey; readonly state: State },
  level: Desired['level'],
  stopping: AbortSignal,
): Promise<Told | undefined> {
  const desired = desiredOf(found.survey, found.state, level);
  if (desired === undefined) return undefined;
  const loaded = loadMemory(ports.reader);
  const before = loaded?.nodeName === desired.nodeName ? loaded : undefined;
  const now = ports.clock.now();
  /** What is done with, whatever comes after it. */
  let done: Partial<ClusterMemory> = {};
  const remember = (part: Partial<ClusterMemory>): void => {
    done = part;
  };
  try {
    const told = await tell(ports, found.survey, { desired, before, now, stopping, remember });
    if (stopping.aborted) return undefined;
    if (told !== before) saveMemory(ports.reader, await ports.writeSide(), told);
    const isNews = before === undefined || before.toldAt === null || before.failed !== null;
    return { memory: told, news: isNews ? 'told' : undefined, hint: undefined, againMs: againMs(told, now) };
  } catch (error) {
    if (!(error instanceof CertmendError)) throw error;
    if (stopping.aborted) return undefined;
    const failed = failureOf(error, before?.failed ?? undefined, now);
    const memory = { ...(before ?? nothingTold(desired, now)), ...done, failed };
    saveMemory(ports.reader, await ports.writeSide(), memory);
    const isNews = before?.failed?.code !== failed.code || before.failed.message !== failed.message;
    return { memory, news: isNews ? 'failed' : undefined, hint: error.hint, againMs: retryAfter(failed.attempts) };
  }
}

async function tell(
  ports: Ports,
  survey: Survey,
  work: {
    readonly desired: Desired;
    readonly before: ClusterMemory | undefined;
    readonly now: number;
    readonly stopping: AbortSignal;
    readonly remember: (part: Partial<ClusterMemory>) => void;
  },
): Promise<ClusterMemory> {
  const { desired, before, now, stopping, remember } = work;
  const { nodeName } = desired;
  const { events, told } = nodeEvents(desired, before ?? { series: {}, fingerprints: {}, failureTold: null }, now);
  const isOld = before === undefined || Math.abs(now - (instantOf(before.comparedAt) ?? 0)) >= compareMs;
  const isKnown = before !== undefined && before.toldAt !== null && before.failed === null;
  const isSame = isKnown && before.digest === desired.digest && !isOld;
  if (isSame && events.length === 0) return before;
  const speakerOf = (session: ApiSession, who: string): Speaker => ({ session, who, nodeName, now });
  const target = { port: survey.layout.supervisor?.apiPort ?? 0, trustedPem: trustOf(survey), ended: stopping };
  const session = await ports.openApi({ ...target, pair: kubeletPair(survey) });
  let objects = before?.objects ?? 0;
  try {
    const asKubelet = speakerOf(session, `system:node:${nodeName}`);
    const node = isSame ? undefined : await seeNode(asKubelet);
    if (node !== undefined) await tellNode(asKubelet, node, desired.summary);
    await tellEvents(asKubelet, events);
    // An Event that was told is not told again because of what fails after it.
    remember(told);
    if (node !== undefined && desired.level === 'certificates') {
      if (survey.layout.role === 'agent') {
        await tellCertificates(asKubelet, node.uid, desired.objects);
      } else {
        const pair = await ownPair(ports, survey, nodeName);
        const own = await ports.openApi({ ...target, pair });
        try {
          await tellCertificates(speakerOf(own, userName(nodeName)), node.uid, desired.objects);
        } finally {
          own.close();
        }
      }
      objects = desired.objects.length;
    }
  } finally {
    session.close();
  }
  return {
    schema: 1,
    level: desired.level,
    nodeName,
    digest: desired.digest,
    comparedAt: isSame ? before.comparedAt : rfc3339(now),
    toldAt: rfc3339(now),
    objects,
    ...told,
    failed: null,
  };
}

function trustOf({ inventory, layout }: Survey): Buffer {
  const id = layout.supervisor?.authority;
  const item = inventory.items.find((one): one is AuthorityItem => one.kind === 'authority' && one.entry.id === id);
  if (item?.certificateFile.state !== 'regular' || !item.certificates.ok) {
    throw clusterRefused(
      `without ${id ?? 'an authority'} no API server can be checked`,
      `see: certmend why ${id ?? ''}`,
    );
  }
  return item.certificateFile.bytes;
}

/** A pair that does not match is not shown. */
function kubeletPair({ inventory, layout }: Survey): ApiTarget['pair'] {
  const id = layout.supervisor?.client ?? '';
  const item = inventory.items.find((one): one is LeafItem => one.kind === 'leaf' && one.entry.id === id);
  const leaf = item?.certificates.ok === true ? item.certificates.value[0] : undefined;
  if (
    leaf === undefined ||
    item?.certificateFile.state !== 'regular' ||
    item.keyFile.state !== 'regular' ||
    !item.key.ok ||
    !isKeyOf(leaf, item.key.value)
  )
    throw clusterRefused(`the pair of the kubelet cannot be used: ${id}`, `see: certmend why ${id}`);

  return { certificatePem: item.certificateFile.bytes, keyPem: item.keyFile.bytes };
}

function failureOf({ code, message }: CertmendError, before: Failure | undefined, now: number): Failure {
  const known = isFailureCode(code) ? code : 'StorageFailed';
  const isSame = before?.code === known;
  return {
    code: known,
    message,
    since: isSame ? before.since : rfc3339(now),
    lastAt: rfc3339(now),
    attempts: (before?.attempts ?? 0) + 1,
  };
}

function isFailureCode(code: string): code is Failure['code'] {
  return code === 'ClusterUnreachable' || code === 'ClusterRefused' || code === 'AuthorityUnusable';
}

function retryAfter(attempts: number): number {
  return retryMs[attempts - 1] ?? slowestRetryMs;
}

function againMs({ series, comparedAt }: ClusterMemory, now: number): number {
  const compare = Math.max(0, (instantOf(comparedAt) ?? now) + compareMs - now);
  return Math.min(compare, nextRepeatMs(series, now) ?? compare);
}

function nothingTold({ level, nodeName, digest }: Desired, now: number): ClusterMemory {
  return {
    schema: 1,
    level,
    nodeName,
    digest,
    comparedAt: rfc3339(now),
    toldAt: null,
    objects: 0,
    series: {},
    fingerprints: {},
    failureTold: null,
    failed: null,
  };
}
