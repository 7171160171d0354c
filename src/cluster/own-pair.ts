import { isIssuedBy } from '../assess/chain.ts';
import { isKeyOf } from '../assess/leaf-checks.ts';
import type { AuthorityItem } from '../inventory/inventory.ts';
import { ownPaths } from '../disk/own-paths.ts';
import type { ApiTarget, Ports } from '../survey/ports.ts';
import type { Survey } from '../survey/survey.ts';
import { dayMs } from '../time/units.ts';
import { parseCertificates, type Certificate } from '../x509/certificate.ts';
import { parseFirstPrivateKey } from '../x509/private-key.ts';
import { clusterRefused } from './api.ts';
import { writeOwn } from './memory.ts';
import { userGroup, userName } from './names.ts';

const validityDays = 30;
/** With less left than this another one is made. */
const renewBeforeMs = 10 * dayMs;
const authorityId = 'client-ca';
/** Certificate and key in one file: there is no moment in which they do not match. */
const file = 'client.pem';

/**
 * The pair that certmend shows on a server: its own, of a group that may do what the manifest says and nothing else. Made
 * under the client authority when there is none, its end is near, or the authority is another one.
 *
 * @param nodeName as the cluster knows it
 * @throws CertmendError ClusterRefused when nothing may be signed on this clock, AuthorityUnusable, Storage…
 */
export async function ownPair(ports: Ports, survey: Survey, nodeName: string): Promise<ApiTarget['pair']> {
  const { inventory, assessment } = survey;
  const item = inventory.items.find(
    (one): one is AuthorityItem => one.kind === 'authority' && one.entry.id === authorityId,
  );
  const certificates = item?.certificates.ok === true ? item.certificates.value : [];
  const there = ports.reader.readOwn(`${ownPaths.cluster}/${file}`, ownPaths.stateDirectory);
  const [issuer] = certificates;
  if (there.state === 'regular' && isGood(there.bytes, { now: assessment.now, issuer, nodeName }))
    return { certificatePem: there.bytes, keyPem: there.bytes };
  if (!assessment.clock.believed)
    throw clusterRefused('the clock of this node is not believed, and nothing is signed on it', 'see: certmend check');
  const { issueLeaf } = await import('../issue/issue-leaf.ts');
  const key = item?.key?.ok === true ? item.key.value.keyObject : undefined;
  const issued = issueLeaf({
    authority: { id: authorityId, certificates, key },
    identity: { commonName: userName(nodeName), organizations: [userGroup], dnsNames: [], ipAddresses: [] },
    extendedKeyUsages: ['clientAuth'],
    chainInFile: false,
    now: assessment.now,
    validityDays,
  });
  const pem = Buffer.concat([issued.certificatePem, issued.keyPem]);
  writeOwn(ports.reader, await ports.writeSide(), file, pem);
  return { certificatePem: pem, keyPem: pem };
}

function isGood(
  pem: Buffer,
  wanted: { readonly now: number; readonly issuer: Certificate | undefined; readonly nodeName: string },
): boolean {
  const { now, issuer, nodeName } = wanted;
  const certificates = parseCertificates(pem);
  const key = parseFirstPrivateKey(pem);
  const leaf = certificates.ok ? certificates.value[0] : undefined;
  if (leaf === undefined || !key.ok || issuer === undefined) return false;
  return (
    leaf.commonName === userName(nodeName) &&
    leaf.notBefore <= now &&
    now < leaf.notAfter &&
    // Under an authority that ends soon the next one would end no later.
    (now < leaf.notAfter - renewBeforeMs || leaf.notAfter === issuer.notAfter) &&
    isKeyOf(leaf, key.value) &&
    isIssuedBy(leaf, issuer)
  );
}
