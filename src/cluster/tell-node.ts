import { instantOf, rfc3339 } from '../time/rfc3339.ts';
import { fieldsOf, textOf } from '../yaml/json-value.ts';
import { must, unreachable } from './api.ts';
import type { Speaker } from './conversation.ts';
import type { NodeEvent } from './events.ts';
import { healthLabel, manager, nodeCondition } from './names.ts';
import type { NodeSummary } from './node-summary.ts';

/** A Node as far as it matters here. */
export interface SeenNode {
  readonly uid: string;
  readonly label: string | undefined;
  readonly condition:
    | {
        readonly status: string;
        readonly reason: string;
        readonly message: string;
        readonly heartbeat: number;
        readonly since: string;
      }
    | undefined;
}

/** How old the condition's heartbeat may grow. */
const heartbeatMs = 3_600_000;

const hint = 'the pair of a kubelet may do this in every cluster with NodeRestriction: see the log of the API server';

/** @throws CertmendError ClusterUnreachable while the node is not registered; as {@link must} */
export async function seeNode({ session, who, nodeName }: Speaker): Promise<SeenNode> {
  const request = { method: 'GET', path: `/api/v1/nodes/${nodeName}` } as const;
  const node = await must(session, request, { who, hint, missing: [404] });
  const metadata = fieldsOf(node?.['metadata']);
  const uid = textOf(metadata?.['uid']);
  if (uid === undefined) throw unreachable(`there is no Node ${nodeName} yet`);
  const conditions = fieldsOf(node?.['status'])?.['conditions'];
  const condition = (Array.isArray(conditions) ? conditions : [])
    .map(fieldsOf)
    .find((one) => one?.['type'] === nodeCondition);
  return {
    uid,
    label: textOf(fieldsOf(metadata?.['labels'])?.[healthLabel]),
    condition: condition && {
      status: textOf(condition['status']) ?? '',
      reason: textOf(condition['reason']) ?? '',
      message: textOf(condition['message']) ?? '',
      heartbeat: instantOf(textOf(condition['lastHeartbeatTime']) ?? null) ?? 0,
      since: textOf(condition['lastTransitionTime']) ?? '',
    },
  };
}

/**
 * Writes label and condition where they differ.
 *
 * @throws CertmendError as {@link must}
 */
export async function tellNode(speaker: Speaker, seen: SeenNode, { label, condition }: NodeSummary): Promise<void> {
  const { session, who, nodeName, now } = speaker;
  const path = `/api/v1/nodes/${nodeName}`;
  if (seen.label !== label) {
    const contentType = 'application/merge-patch+json';
    const body = { metadata: { labels: { [healthLabel]: label } } };
    await must(session, { method: 'PATCH', path: `${path}?fieldManager=${manager}`, contentType, body }, { who, hint });
  }
  const { condition: before } = seen;
  const isSame =
    before?.status === condition.status && before.reason === condition.reason && before.message === condition.message;
  if (isSame && Math.abs(now - before.heartbeat) < heartbeatMs) return;
  const at = rfc3339(Math.floor(now / 1000) * 1000);
  const since = before?.status === condition.status && before.since !== '' ? before.since : at;
  const one = { type: nodeCondition, ...condition, lastHeartbeatTime: at, lastTransitionTime: since };
  // Merged by the type of a condition: those of the kubelet stay.
  const contentType = 'application/strategic-merge-patch+json';
  const body = { status: { conditions: [one] } };
  const request = { method: 'PATCH', path: `${path}/status?fieldManager=${manager}`, contentType, body } as const;
  await must(session, request, { who, hint });
}

/**
 * Writes the Events of the Node, each over the one before it of its kind.
 *
 * @throws CertmendError as {@link must}
 */
export async function tellEvents(speaker: Speaker, events: readonly NodeEvent[]): Promise<void> {
  for (const event of events) await tellEvent(speaker, event);
}

async function tellEvent({ session, who, nodeName, now }: Speaker, event: NodeEvent): Promise<void> {
  const collection = '/api/v1/namespaces/default/events';
  const { key, type, reason, message, count } = event;
  const name = `${nodeName}.certmend-${key}`;
  const at = rfc3339(Math.floor(now / 1000) * 1000);
  const said = { type, reason, message, count, lastTimestamp: at };
  const patch = {
    method: 'PATCH',
    path: `${collection}/${name}?fieldManager=${manager}`,
    contentType: 'application/merge-patch+json',
    body: said,
  } as const;
  if ((await must(session, patch, { who, hint, missing: [404] })) !== undefined) return;
  const body = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: 'default' },
    // The name as uid, as the kubelet does it: kubectl describe node looks for that.
    involvedObject: { kind: 'Node', name: nodeName, uid: nodeName, apiVersion: 'v1' },
    source: { component: manager, host: nodeName },
    reportingComponent: manager,
    reportingInstance: nodeName.slice(0, 128),
    firstTimestamp: at,
    ...said,
  };
  await must(session, { method: 'POST', path: `${collection}?fieldManager=${manager}`, body }, { who, hint });
}

/**
 * Takes label and condition off the Node.
 *
 * @throws CertmendError as {@link must}
 */
export async function withdrawFromNode({ session, who, nodeName }: Speaker): Promise<void> {
  const path = `/api/v1/nodes/${nodeName}`;
  const label = {
    method: 'PATCH',
    path: `${path}?fieldManager=${manager}`,
    contentType: 'application/merge-patch+json',
    body: { metadata: { labels: { [healthLabel]: null } } },
  } as const;
  // A Node that is gone has neither.
  if ((await must(session, label, { who, hint, missing: [404] })) === undefined) return;
  const condition = {
    method: 'PATCH',
    path: `${path}/status?fieldManager=${manager}`,
    contentType: 'application/strategic-merge-patch+json',
    body: { status: { conditions: [{ $patch: 'delete', type: nodeCondition }] } },
  } as const;
  await must(session, condition, { who, hint, missing: [404] });
}
