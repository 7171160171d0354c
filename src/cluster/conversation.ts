import { isKeyOf } from '../assess/leaf-checks.ts';
import type { AuthorityItem, LeafItem } from '../inventory/inventory.ts';
import type { ApiSession, ApiTarget, Ports } from '../survey/ports.ts';
import type { Survey } from '../survey/survey.ts';
import { clusterRefused } from './api.ts';
import { userName } from './names.ts';
import { ownPair } from './own-pair.ts';

/** Who speaks to the API server, of which node, and when. */
export interface Speaker {
  readonly session: ApiSession;
  /** The user that the shown pair makes. */
  readonly who: string;
  readonly nodeName: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Conversation {
  /** For the Node itself: its kubelet may write it. */
  readonly asKubelet: Speaker;
  /** For the NodeCertificates: on a server a user that may do nothing else, on an agent the kubelet again. */
  readonly asReporter: () => Promise<Speaker>;
}

/**
 * Opens what is needed to speak with the API server, and closes it behind `work`.
 *
 * @param about.stopping ends every request
 * @throws CertmendError ClusterRefused when the node has nothing to show, or nothing to check a server with; what `work` throws
 */
export async function converse<T>(
  ports: Ports,
  survey: Survey,
  about: Pick<Speaker, 'nodeName' | 'now'> & { readonly stopping: AbortSignal },
  work: (conversation: Conversation) => Promise<T>,
): Promise<T> {
  const { nodeName, now, stopping: ended } = about;
  const target = { port: survey.layout.supervisor?.apiPort ?? 0, trustedPem: trustOf(survey), ended };
  const sessions: ApiSession[] = [];
  const speaker = async (pair: ApiTarget['pair'], who: string): Promise<Speaker> => {
    const session = await ports.openApi({ ...target, pair });
    sessions.push(session);
    return { session, who, nodeName, now };
  };
  try {
    const asKubelet = await speaker(kubeletPair(survey), `system:node:${nodeName}`);
    const asReporter = async (): Promise<Speaker> =>
      survey.layout.role === 'agent' ? asKubelet : speaker(await ownPair(ports, survey, nodeName), userName(nodeName));
    return await work({ asKubelet, asReporter });
  } finally {
    for (const session of sessions) session.close();
  }
}

function trustOf({ inventory, layout }: Survey): Buffer {
  const id = layout.supervisor?.authority ?? 'agent/server-ca';
  const item = inventory.items.find((one): one is AuthorityItem => one.kind === 'authority' && one.entry.id === id);
  if (item?.certificateFile.state === 'regular' && item.certificates.ok) return item.certificateFile.bytes;
  throw clusterRefused(`without ${id} no API server can be checked`, `see: certmend why ${id}`);
}

/** A pair that does not match is not shown. */
function kubeletPair({ inventory, layout }: Survey): ApiTarget['pair'] {
  const id = layout.supervisor?.client ?? 'agent/client-kubelet';
  const item = inventory.items.find((one): one is LeafItem => one.kind === 'leaf' && one.entry.id === id);
  const leaf = item?.certificates.ok === true ? item.certificates.value[0] : undefined;
  const isMatched = leaf !== undefined && item?.key.ok === true && isKeyOf(leaf, item.key.value);
  if (isMatched && item.certificateFile.state === 'regular' && item.keyFile.state === 'regular')
    return { certificatePem: item.certificateFile.bytes, keyPem: item.keyFile.bytes };
  throw clusterRefused(`the pair of the kubelet cannot be used: ${id}`, `see: certmend why ${id}`);
}
