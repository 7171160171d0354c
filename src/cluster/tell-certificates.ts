import { isDeepStrictEqual } from 'node:util';
import { rfc3339 } from '../time/rfc3339.ts';
import { fieldsOf, textOf } from '../yaml/json-value.ts';
import { clusterRefused, must } from './api.ts';
import type { Speaker } from './conversation.ts';
import { collection, group, kind, manager, nodeLabel, version } from './names.ts';
import type { NodeCertificate, ObjectCondition } from './node-certificate.ts';

type Fields = Readonly<Record<string, unknown>>;

const apply = 'application/apply-patch+yaml';
const hint = 'certmend cluster manifest | kubectl apply -f -';
/** More than any node has; the API server gives them at once. */
const most = 500;

/**
 * Makes the NodeCertificates of this node what they are to be: those that differ are applied, those that are no longer
 * there are deleted, and all others are left alone.
 *
 * @param uid of the Node: it owns them, and they go with it
 * @returns how many were written or deleted
 * @throws CertmendError ClusterRefused when the cluster has no such resource; as {@link must}
 */
export async function tellCertificates(
  speaker: Speaker,
  uid: string,
  wanted: readonly NodeCertificate[],
): Promise<number> {
  // Without the resource, or the right to look for it, there is nothing that could be taken away.
  const live = await liveObjects(speaker, wanted.length === 0 ? [403, 404] : [404]);
  if (live === undefined && wanted.length === 0) return 0;
  if (live === undefined) {
    throw clusterRefused(
      `it has no ${kind} (${group}/${version}): what certmend needs of it was not installed, or was removed`,
      hint,
    );
  }
  let written = 0;
  for (const object of wanted) {
    if (await tellOne(speaker, uid, object, live.get(object.name))) written += 1;
    live.delete(object.name);
  }
  const { session, who } = speaker;
  for (const name of live.keys()) {
    await must(session, { method: 'DELETE', path: `${collection}/${name}` }, { who, hint, missing: [404] });
    written += 1;
  }
  return written;
}

/** @returns undefined when the cluster has no such resource */
async function liveObjects(
  { session, who, nodeName }: Speaker,
  missing: readonly number[],
): Promise<Map<string, Fields> | undefined> {
  const selector =
    labelOf(nodeName) === undefined
      ? `fieldSelector=spec.nodeName=${nodeName}`
      : `labelSelector=${nodeLabel}=${nodeName}`;
  const path = `${collection}?limit=${String(most)}&${selector}`;
  const list = await must(session, { method: 'GET', path }, { who, hint, missing });
  if (list === undefined) return undefined;
  const items = Array.isArray(list['items']) ? list['items'] : [];
  const mine = items.map(fieldsOf).flatMap((item): [string, Fields][] => {
    const name = textOf(fieldsOf(item?.['metadata'])?.['name']);
    // The label is anybody's to write: what says of itself that it is another node's is not this node's to delete.
    const isMine = textOf(fieldsOf(item?.['spec'])?.['nodeName']) === nodeName;
    return item === undefined || name === undefined || !isMine ? [] : [[name, item]];
  });
  return new Map(mine);
}

async function tellOne(
  { session, who, nodeName, now }: Speaker,
  uid: string,
  { name, spec, status }: NodeCertificate,
  live: Fields | undefined,
): Promise<boolean> {
  const head = { apiVersion: `${group}/${version}`, kind };
  const path = `${collection}/${name}`;
  // What somebody else has written over is certmend's again: it alone knows what is on the node.
  const query = `?fieldManager=${manager}&force=true`;
  const label = labelOf(nodeName);
  const labels = label === undefined ? {} : { [nodeLabel]: label };
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid }];
  const isSameSpec = isDeepStrictEqual(live?.['spec'], { ...spec }) && hasMetadata(live, labels, uid);
  if (!isSameSpec) {
    const body = { ...head, metadata: { name, labels, ownerReferences }, spec };
    await must(session, { method: 'PATCH', path: path + query, contentType: apply, body }, { who, hint });
  }
  const seen = fieldsOf(live?.['status']);
  const at = rfc3339(Math.floor(now / 1000) * 1000);
  const conditions = status.conditions.map((condition) => dated(condition, seen, at));
  if (isSameStatus(seen, { ...status, conditions })) return !isSameSpec;
  const body = { ...head, metadata: { name }, status: { ...status, conditions, observedAt: at } };
  const request = { method: 'PATCH', path: `${path}/status${query}`, contentType: apply, body } as const;
  await must(session, request, { who, hint });
  return true;
}

/** A label has at most 63 characters; a node's name has more at times. */
function labelOf(nodeName: string): string | undefined {
  return nodeName.length <= 63 ? nodeName : undefined;
}

function hasMetadata(live: Fields | undefined, labels: Readonly<Record<string, string>>, uid: string): boolean {
  const metadata = fieldsOf(live?.['metadata']);
  const owners = metadata?.['ownerReferences'];
  const has = fieldsOf(metadata?.['labels']);
  const isOwned = Array.isArray(owners) && owners.some((owner) => fieldsOf(owner)?.['uid'] === uid);
  return isOwned && Object.entries(labels).every(([key, value]) => has?.[key] === value);
}

/** A condition keeps the time of its last change of status. */
function dated(
  condition: ObjectCondition,
  seen: Fields | undefined,
  at: string,
): ObjectCondition & { readonly lastTransitionTime: string } {
  const conditions = seen?.['conditions'];
  const before = (Array.isArray(conditions) ? conditions : [])
    .map(fieldsOf)
    .find((one) => one?.['type'] === condition.type);
  const since = before?.['status'] === condition.status ? textOf(before['lastTransitionTime']) : undefined;
  return { ...condition, lastTransitionTime: since ?? at };
}

function isSameStatus(seen: Fields | undefined, status: Fields): boolean {
  if (seen === undefined) return false;
  return isDeepStrictEqual({ ...seen, observedAt: undefined }, { ...status, observedAt: undefined });
}
