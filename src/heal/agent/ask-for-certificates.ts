import { isKeyOf } from '../../assess/leaf-checks.ts';
import { CertmendError, exitStatus } from '../../error.ts';
import type { AuthorityItem, LeafItem } from '../../inventory/inventory.ts';
import { readJoinToken, type JoinToken } from '../../layout/join-token.ts';
import type { Layout, Supervisor } from '../../layout/layout.ts';
import { unfit } from '../../plan/decide-renewal.ts';
import type { SupervisorAnswer, SupervisorRequest } from '../../survey/ports.ts';
import type { Ports } from '../../survey/ports.ts';
import type { Survey } from '../../survey/survey.ts';
import { instant } from '../../time/rfc3339.ts';
import { certificationRequest } from '../../x509/certification-request.ts';
import { readPem } from '../../x509/pem.ts';

/** What a server signed for a leaf of the agent part: not looked at yet beyond that there is no key in it. */
export interface SignedAnswer {
  readonly item: LeafItem;
  readonly certificatePem: Buffer;
}

/** How the node says who it is: its kubelet's pair, or what it joined with. */
type Credential = Pick<SupervisorRequest, 'pair' | 'headers'>;

/** What the node says of itself beside that. */
interface Self {
  readonly name: string;
  readonly password: string;
  readonly addresses: readonly string[];
}

/**
 * Has a server of the cluster sign new certificates for the keys that are here (products 6.1). One after the other: a server
 * takes ten such requests at a time, from all nodes. Nothing of the node is changed.
 *
 * @throws CertmendError ServerUnavailable (exit 75) when none answers, or not yet; ServerRefused (exit 77) when it does not
 * sign for this node, or sends a key; RenewalUnfit when the node has nothing to show
 */
export async function askForCertificates(
  ports: Ports,
  survey: Survey,
  items: readonly LeafItem[],
): Promise<readonly SignedAnswer[]> {
  const { layout, inventory } = survey;
  const { supervisor } = layout;
  if (supervisor === undefined) throw unfit('this node has no way to a server of its cluster');
  const authority = inventory.items.find(
    (item): item is AuthorityItem => item.kind === 'authority' && item.entry.id === supervisor.authority,
  );
  if (authority?.certificateFile.state !== 'regular' || !authority.certificates.ok)
    throw unfit(`without ${supervisor.authority} no server can be checked`, supervisor.authority);
  const trustedPem = authority.certificateFile.bytes;
  const credentials = credentialsOf(ports, survey, supervisor);
  const self = selfOf(ports, survey, supervisor, items);
  const answers: SignedAnswer[] = [];
  for (const item of items) {
    const { signedBySupervisor: wanted, id } = item.entry;
    const body = item.key.ok ? certificationRequest(item.key.value.keyObject) : undefined;
    if (wanted === undefined || body === undefined)
      throw unfit(`the key of ${id} is of a kind that no server signs`, id);
    const headers = wanted.namesNode ? namingHeaders(layout, self) : {};
    const answer = await askWith(credentials, ({ pair, headers: own }) =>
      ports.askSupervisor({
        port: supervisor.port,
        path: wanted.path,
        body,
        headers: { ...headers, ...own },
        pair,
        trustedPem,
      }),
    );
    answers.push({ item, certificatePem: asLongAs(signedPem(answer, item, layout, self), item) });
  }
  return answers;
}

/** A server that does not know the node behind its pair is shown the token, as the product's own agents do (products 6.1). */
async function askWith(
  credentials: readonly Credential[],
  ask: (credential: Credential) => Promise<SupervisorAnswer>,
): Promise<SupervisorAnswer> {
  let answer: SupervisorAnswer = { is: 'absent' };
  for (const credential of credentials) {
    answer = await ask(credential);
    if (answer.is !== 'answered' || answer.status !== 401) break;
  }
  return answer;
}

/** The kubelet's pair while it is one and valid, then the token. Another pair is not shown: the token alone is enough. */
function credentialsOf(
  ports: Ports,
  { inventory, layout, assessment }: Survey,
  { client }: Supervisor,
): readonly Credential[] {
  const item = inventory.items.find((one): one is LeafItem => one.kind === 'leaf' && one.entry.id === client);
  const leaf = item?.certificates.ok === true ? item.certificates.value[0] : undefined;
  const isValid = leaf !== undefined && leaf.notBefore <= assessment.now && assessment.now < leaf.notAfter;
  const isMatched = leaf !== undefined && item?.key.ok === true && isKeyOf(leaf, item.key.value);
  const pair =
    isValid && item?.certificateFile.state === 'regular' && item.keyFile.state === 'regular' && isMatched
      ? { certificatePem: item.certificateFile.bytes, keyPem: item.keyFile.bytes }
      : undefined;
  const token = readJoinToken(layout, ports.reader);
  const credentials: Credential[] = [
    ...(pair === undefined ? [] : [{ pair, headers: {} }]),
    ...(token.kind === 'none' ? [] : [{ headers: { authorization: authorizationOf(token) } }]),
  ];
  if (credentials.length > 0) return credentials;
  const isOver = leaf !== undefined && leaf.notAfter <= assessment.now;
  const why = isOver ? `expired at ${instant(leaf.notAfter)}` : 'cannot be used';
  const noToken = token.kind === 'none' ? token : undefined;
  const place = noToken?.path ?? `/etc/rancher/${layout.product}/config.yaml as token:`;
  throw new CertmendError(
    'ServerRefused',
    `the agent part cannot be renewed: ${client} ${why}, and ${noToken?.why ?? 'there is no token'}, so this node cannot prove to a server who it is; nothing was changed`,
    {
      exit: exitStatus.refused,
      hint: `put the token of a server (${layout.dataDir}/server/agent-token there) into ${place}, then: systemctl restart ${layout.unit}`,
    },
  );
}

function authorizationOf(token: JoinToken): string {
  // Which user stands in a token says nothing: a node is always this one (products 6.1).
  return token.kind === 'bootstrap'
    ? `Bearer ${token.token}`
    : `Basic ${Buffer.from(`node:${token.password}`).toString('base64')}`;
}

function selfOf(ports: Ports, { inventory }: Survey, { client }: Supervisor, items: readonly LeafItem[]): Self {
  const names = (item: LeafItem | undefined): string | undefined =>
    item?.certificates.ok === true ? item.certificates.value[0]?.commonName : undefined;
  const kubelet = inventory.items.find((one): one is LeafItem => one.kind === 'leaf' && one.entry.id === client);
  // The name that the cluster knows it by stands in its certificate, whatever the host is called today.
  const name = (names(kubelet) ?? kubelet?.entry.identity.commonName ?? '').replace(/^system:node:/, '');
  const isNeeded = items.some(({ entry }) => entry.signedBySupervisor?.namesNode === true);
  const document = inventory.items.find(({ kind, entry }) => kind === 'document' && entry.id === 'node-password');
  const path = document?.entry.kind === 'document' ? document.entry.path : '';
  const file = ports.reader.read(path);
  const password = file.state === 'regular' ? file.bytes.toString('utf8').trim() : '';
  if (isNeeded && name === '') throw unfit(`the name of this node is not known: ${client} cannot be read`, client);
  if (isNeeded && password === '') throw unfit(`${path} cannot be read, and a server asks for it`, 'node-password');
  return { name, password, addresses: addressesOf(items) };
}

/** Every address that the serving certificate has or should have: a server signs those it is sent, and no others. */
function addressesOf(items: readonly LeafItem[]): readonly string[] {
  const all = items.flatMap(({ entry, certificates }) => [
    ...(certificates.ok ? (certificates.value[0]?.ipAddresses ?? []) : []),
    ...entry.identity.ipAddresses,
  ]);
  return [...new Set(all)].filter((address) => address !== '127.0.0.1');
}

function namingHeaders({ product }: Layout, { name, password, addresses }: Self): Readonly<Record<string, string>> {
  return {
    [`${product}-Node-Name`]: name,
    [`${product}-Node-Password`]: password,
    ...(addresses.length === 0 ? {} : { [`${product}-Node-IP`]: addresses.join(',') }),
  };
}

function signedPem(answer: SupervisorAnswer, { entry: { id } }: LeafItem, layout: Layout, { name }: Self): Buffer {
  const { product } = layout;
  const port = String(layout.supervisor?.port ?? 0);
  if (answer.is === 'absent') {
    throw unavailable(
      `no server of the cluster answers on port ${port} of the loopback`,
      `see: journalctl -u ${layout.unit}`,
    );
  }
  if (answer.is === 'silent') {
    throw unavailable(
      `a server of the cluster could not be asked for ${id}: ${answer.problem}`,
      isDistrust.test(answer.problem) ? otherAuthorities(layout) : `see: journalctl -u ${layout.unit}`,
    );
  }
  const { status, body } = answer;
  if (status === 401) {
    throw refused(
      `a server does not accept who this node says that it is (401, asked for ${id})`,
      `is the node known to the cluster, and its token the current one? on a server: ${layout.kubectl} get node ${name}`,
    );
  }
  if (status === 403) {
    throw refused(
      `a server does not accept the password of this node, /etc/rancher/node/password (403, asked for ${id})`,
      `if no other node is called ${name}, on a server: ${layout.kubectl} -n kube-system delete secret ${name}.node-password.${product}; then on this node: systemctl restart ${layout.unit}`,
    );
  }
  if (status !== 200) {
    throw unavailable(
      `a server of the cluster did not sign ${id}: it answered ${String(status)}`,
      'nothing: it is tried again; if that stays so, see the log of the servers',
    );
  }
  if (readPem(body).blocks.some(({ label }) => label.endsWith('PRIVATE KEY'))) {
    throw refused(
      `a server answered the request for ${id} with a private key that other nodes have too, instead of signing for the one that is here`,
      `upgrade ${product} on the servers; until then the certificates of this node are renewed when ${layout.unit} starts`,
    );
  }
  return body;
}

/** OpenSSL's words for a certificate that no authority here has signed. */
const isDistrust = /SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)|CERT_SIGNATURE/;

/** What to do when the servers have other authorities than this node: an agent takes them over at its start, and only then. */
export function otherAuthorities({ unit }: Layout): string {
  return `were the authorities replaced on the servers (certificate rotate-ca)? this node takes the new ones over when its service starts: systemctl restart ${unit}`;
}

/** With line ends behind its last block, which PEM readers pass over: what is mounted is written over. */
function asLongAs(pem: Buffer, { certificateFile }: LeafItem): Buffer {
  const missing = certificateFile.state === 'regular' ? certificateFile.bytes.length - pem.length : 0;
  return missing > 0 ? Buffer.concat([pem, Buffer.alloc(missing, '\n')]) : pem;
}

function unavailable(problem: string, hint: string): CertmendError {
  return new CertmendError('ServerUnavailable', `the agent part was not renewed: ${problem}; nothing was changed`, {
    exit: exitStatus.tryAgain,
    hint,
  });
}

function refused(problem: string, hint: string): CertmendError {
  return new CertmendError('ServerRefused', `the agent part was not renewed: ${problem}; nothing was changed`, {
    exit: exitStatus.refused,
    hint,
  });
}
