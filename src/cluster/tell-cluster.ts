import { CertmendError } from '../error.ts';
import type { State } from '../state/state.ts';
import type { Ports } from '../survey/ports.ts';
import type { Survey } from '../survey/survey.ts';
import { instantOf, rfc3339 } from '../time/rfc3339.ts';
import { hourMs } from '../time/units.ts';
import { clusterRefused } from './api.ts';
import { converse } from './conversation.ts';
import { desiredOf, type Desired } from './desired.ts';
import { nextRepeatMs, nodeEvents } from './events.ts';
import { forgetMemory, loadMemory, saveMemory, type ClusterMemory, type Failure } from './memory.ts';
import { tellCertificates } from './tell-certificates.ts';
import { seeNode, tellEvents, tellNode, withdrawFromNode } from './tell-node.ts';

/** What a report came to. `news`: the first that succeeded, or that failed in another way than the one before. */
export interface Told {
  /** Null when all of it was taken back. */
  readonly memory: ClusterMemory | null;
  readonly news: 'told' | 'failed' | 'withdrawn' | undefined;
  /** When to report again though nothing changes, in milliseconds. */
  readonly againMs: number | undefined;
}

export interface Request {
  /** `off`: what was told before is taken back. */
  readonly level: Desired['level'] | 'off';
  /** All of it is compared, though nothing has changed here. */
  readonly isWhole: boolean;
  /** Ends it early. */
  readonly stopping: AbortSignal;
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
 * @returns undefined when it was stopped, or when there is nothing to tell
 * @throws CertmendError Storage… when what was told cannot be remembered
 */
export async function tellCluster(
  ports: Ports,
  found: { readonly survey: Survey; readonly state: State },
  request: Request,
): Promise<Told | undefined> {
  const loaded = loadMemory(ports.reader);
  if (request.level === 'off' && loaded === undefined) return undefined;
  const level = request.level === 'off' ? (loaded?.level ?? 'node') : request.level;
  const desired = desiredOf(found.survey, found.state, level);
  const before = loaded?.nodeName === desired?.nodeName ? loaded : undefined;
  const now = ports.clock.now();
  const work = { before, now, stopping: request.stopping };
  /** What is done with, whatever comes after it. */
  let done: Partial<ClusterMemory> = {};
  const remember = (part: Partial<ClusterMemory>): void => {
    done = part;
  };
  try {
    if (desired === undefined) throw nameless();
    if (request.level === 'off') {
      await withdraw(ports, found.survey, work, desired);
      forgetMemory(ports.reader, await ports.writeSide());
      return { memory: null, news: 'withdrawn', againMs: undefined };
    }
    const told = await tell(ports, found.survey, { ...work, desired, isWhole: request.isWhole, remember });
    if (told !== before) saveMemory(ports.reader, await ports.writeSide(), told);
    const isNews = before === undefined || before.toldAt === null || before.failed !== null;
    return { memory: told, news: isNews ? 'told' : undefined, againMs: againMs(told, now) };
  } catch (error) {
    if (!(error instanceof CertmendError)) throw error;
    if (request.stopping.aborted) return undefined;
    const failed = failureOf(error, before?.failed ?? undefined, now);
    const memory = { ...(before ?? nothingTold(level, desired, now)), ...done, failed };
    saveMemory(ports.reader, await ports.writeSide(), memory);
    // An API server that is away is that, in whatever words it is found out.
    const isOther = failed.code !== 'ClusterUnreachable' && before?.failed?.message !== failed.message;
    const isNews = before?.failed?.code !== failed.code || isOther;
    return { memory, news: isNews ? 'failed' : undefined, againMs: retryAfter(failed.attempts) };
  }
}

interface Work {
  readonly before: ClusterMemory | undefined;
  readonly now: number;
  readonly stopping: AbortSignal;
}

async function tell(
  ports: Ports,
  survey: Survey,
  work: Work & {
    readonly desired: Desired;
    readonly isWhole: boolean;
    readonly remember: (part: Partial<ClusterMemory>) => void;
  },
): Promise<ClusterMemory> {
  const { desired, before, now, isWhole, stopping, remember } = work;
  const { nodeName, level } = desired;
  const { events, told } = nodeEvents(desired, before ?? { series: {}, fingerprints: {}, failureTold: null }, now);
  const isOld = before === undefined || Math.abs(now - (instantOf(before.comparedAt) ?? 0)) >= compareMs;
  const isKnown = before !== undefined && before.toldAt !== null && before.failed === null;
  const isSame = isKnown && before.digest === desired.digest && !isOld && !isWhole;
  if (isSame && events.length === 0) return before;
  await converse(ports, survey, { nodeName, now, stopping }, async ({ asKubelet, asReporter }) => {
    const node = isSame ? undefined : await seeNode(asKubelet);
    if (node !== undefined) await tellNode(asKubelet, node, desired.summary);
    await tellEvents(asKubelet, events);
    // An Event that was told is not told again because of what fails after it.
    remember(told);
    if (node === undefined) return;
    if (level === 'certificates') await tellCertificates(await asReporter(), node.uid, desired.objects);
    else if (before?.level === 'certificates') await tellCertificates(await asReporter(), node.uid, []);
  });
  return {
    schema: 1,
    level,
    nodeName,
    digest: desired.digest,
    comparedAt: isSame ? before.comparedAt : rfc3339(now),
    toldAt: rfc3339(now),
    objects: desired.objects.length,
    ...told,
    failed: null,
  };
}

/** What nobody keeps up to date says nothing: it goes. Events go by themselves. */
async function withdraw(ports: Ports, survey: Survey, work: Work, { nodeName }: Desired): Promise<void> {
  const { before, now, stopping } = work;
  await converse(ports, survey, { nodeName, now, stopping }, async ({ asKubelet, asReporter }) => {
    await withdrawFromNode(asKubelet);
    if (before?.level === 'certificates') await tellCertificates(await asReporter(), '', []);
  });
}

function nameless(): CertmendError {
  return clusterRefused('the name of this node in the cluster is not known', 'see: certmend why agent/client-kubelet');
}

function failureOf({ code, message, hint }: CertmendError, before: Failure | undefined, now: number): Failure {
  const known = isFailureCode(code) ? code : 'StorageFailed';
  const isSame = before?.code === known;
  return {
    code: known,
    message,
    hint: hint ?? null,
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

function nothingTold(level: Desired['level'], desired: Desired | undefined, now: number): ClusterMemory {
  return {
    schema: 1,
    level,
    nodeName: desired?.nodeName ?? 'unknown',
    digest: desired?.digest ?? '0'.repeat(64),
    comparedAt: rfc3339(now),
    toldAt: null,
    objects: 0,
    series: {},
    fingerprints: {},
    failureTold: null,
    failed: null,
  };
}
