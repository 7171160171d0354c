import type { AuthorityItem, Inventory } from '../../inventory/inventory.ts';
import { readServerTokens } from '../../layout/join-token.ts';
import type { Layout } from '../../layout/layout.ts';
import { unfitToRotate } from '../../plan/authority-rotation.ts';
import type { Ports, SupervisorAnswer, SupervisorRequest } from '../../survey/ports.ts';
import { rfc3339 } from '../../time/rfc3339.ts';

/** It judges the set, and writes it into a datastore that may be busy. */
const sendTimeoutMs = 60_000;

/** Files by the names that the product stores them under: `ServerCA`, `ServerCAKey`. */
export type BootstrapSet = ReadonlyMap<string, Buffer>;

/**
 * Has the server on this node take new authorities into the datastore (products 4.3). Nothing on the disk changes: each server
 * takes them from there at its next start.
 * @param request.force also where the product's own rules are not met: for the way back alone
 * @throws CertmendError RotationUnfit when there is no token to ask with
 */
export async function sendSet(
  ports: Ports,
  layout: Layout,
  inventory: Inventory,
  request: { readonly files: BootstrapSet; readonly force: boolean },
): Promise<SupervisorAnswer> {
  // Now, and not when it was made: what is on the disk must not look newer than what is stored (products 4.3).
  const at = rfc3339(ports.clock.now());
  const body = [...request.files].map(([field, bytes]): [string, unknown] => [
    field,
    { Timestamp: at, Content: bytes.toString('base64') },
  ]);
  return ports.askSupervisor({
    ...questionOf(ports, layout, inventory),
    method: 'PUT',
    timeoutMs: sendTimeoutMs,
    path: `/v1-${layout.product}/cert/cacerts?force=${String(request.force)}`,
    body: Buffer.from(JSON.stringify(Object.fromEntries(body))),
  });
}

/**
 * What is in the datastore: the truth that each server starts from. A release of before March 2025 answers from its disk.
 * @returns undefined when it does not say
 */
export async function storedSet(ports: Ports, layout: Layout, inventory: Inventory): Promise<BootstrapSet | undefined> {
  const answer = await ports.askSupervisor({
    ...questionOf(ports, layout, inventory),
    method: 'GET',
    path: `/v1-${layout.product}/server-bootstrap`,
    body: Buffer.alloc(0),
  });
  return answer.is === 'answered' && answer.status === 200 ? parseSet(answer.body) : undefined;
}

function questionOf(
  ports: Ports,
  layout: Layout,
  inventory: Inventory,
): Pick<SupervisorRequest, 'port' | 'headers' | 'trustedPem'> {
  const listener = layout.entries.find((entry) => entry.kind === 'listener');
  const authority = inventory.items.find(
    (item): item is AuthorityItem => item.kind === 'authority' && item.entry.id === listener?.issuer,
  );
  const [token] = readServerTokens(layout.dataDir, ports.reader);
  if (token?.name !== 'token')
    throw unfitToRotate(`${layout.dataDir}/server/token cannot be read, and the server is asked with it`, 'token');
  if (listener?.port === undefined || authority?.certificateFile.state !== 'regular')
    throw unfitToRotate('the server of this node cannot be checked without its authority', listener?.issuer);
  return {
    port: listener.port,
    headers: { authorization: `Basic ${Buffer.from(token.credential).toString('base64')}` },
    trustedPem: authority.certificateFile.bytes,
  };
}

/** Of each field its content, as text in base64: with its time since 2022, alone before. */
function parseSet(body: Buffer): BootstrapSet | undefined {
  let document: unknown;
  try {
    document = JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof document !== 'object' || document === null) return undefined;
  const contentOf = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && 'Content' in value ? value.Content : value;
  return new Map(
    Object.entries(document).flatMap(([field, value]): [string, Buffer][] => {
      const content = contentOf(value);
      return typeof content === 'string' ? [[field, Buffer.from(content, 'base64')]] : [];
    }),
  );
}
