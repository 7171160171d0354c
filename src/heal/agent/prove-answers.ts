import { hasSubject, namesLacking } from '../../assess/leaf-checks.ts';
import { CertmendError, exitStatus } from '../../error.ts';
import type { LeafItem } from '../../inventory/inventory.ts';
import type { MaterialFile } from '../../issue/material.ts';
import type { HealthAnswer, Ports } from '../../survey/ports.ts';
import type { Survey } from '../../survey/survey.ts';
import { instant } from '../../time/rfc3339.ts';
import { authorityOf } from '../../verify/candidate.ts';
import { verifyMaterial, type Verdict } from '../../verify/verify-material.ts';
import { parseCertificates } from '../../x509/certificate.ts';
import { otherAuthorities, type SignedAnswer } from './ask-for-certificates.ts';

/**
 * Proves what a server signed before it goes live (P4): the checks and handshakes of every set, and that it is no worse than
 * what is there: of the same subject, with all its names, and good for longer.
 *
 * @returns how many handshakes were held
 * @throws CertmendError ServerRefused, VerificationFailed (exit 77); nothing was changed
 */
export async function proveAnswers(ports: Ports, seen: Survey, answers: readonly SignedAnswer[]): Promise<number> {
  for (const answer of answers) {
    const problem = whyWorse(answer);
    if (problem !== undefined) throw unproven(answer.item.entry.id, problem);
  }
  const verdict = await verifyPairs(ports, seen, answers);
  if (verdict.ok) return verdict.handshakes;
  const [first] = verdict.failures;
  const isForeign = first?.code === 'IssuerMismatch' || first?.code === 'SignatureInvalid';
  throw unproven(
    first?.id,
    first?.message ?? 'it failed verification',
    isForeign ? otherAuthorities(seen.layout) : undefined,
  );
}

/** The checks and handshakes of every set, of certificates with the keys that are here. */
export function verifyPairs(
  ports: Ports,
  { inventory, assessment }: Survey,
  pairs: readonly SignedAnswer[],
): Promise<Verdict> {
  return verifyMaterial({
    files: pairs.flatMap(({ item, certificatePem }) => pairFiles(item, certificatePem)),
    inventory,
    memory: ports.memory,
    now: assessment.now,
    clockIsShifted: ports.clockIsShifted,
    // How long a certificate of the agent part lasts is the server's business; that it lasts longer is asked beside this.
    acceptRenewDue: true,
  });
}

/** Leaves that last longer as they are stay as they are, where others do not: the shortest of a set is what stops the node. */
export function outlasting(answers: readonly SignedAnswer[]): readonly SignedAnswer[] {
  const better = answers.filter(({ item, certificatePem }) => {
    const signed = parseCertificates(certificatePem);
    const before = item.certificates.ok ? item.certificates.value[0] : undefined;
    const after = signed.ok ? signed.value[0] : undefined;
    // What cannot be read is refused by name (whyWorse).
    return before === undefined || after === undefined || after.notAfter > before.notAfter;
  });
  return better.length === 0 ? answers : better;
}

function whyWorse({ item, certificatePem }: SignedAnswer): string | undefined {
  const signed = parseCertificates(certificatePem);
  const after = signed.ok ? signed.value[0] : undefined;
  if (after === undefined) return `the answer ${signed.ok ? 'holds no certificate' : signed.problems.join(', ')}`;
  const before = item.certificates.ok ? item.certificates.value[0] : undefined;
  if (before === undefined) return undefined;
  if (!hasSubject(after, before)) return `it is for CN=${after.commonName}, not for CN=${before.commonName}`;
  const absent = namesLacking(after, [...before.dnsNames, ...before.ipAddresses]);
  if (absent.length > 0) return `it lacks the names ${absent.join(', ')}, which the present one has`;
  // Without its own date, which is another one at each attempt: the same refusal is recorded once.
  if (after.notAfter <= before.notAfter)
    return `it expires no later than the present one, at ${instant(before.notAfter)} or before`;
  return undefined;
}

/** A certificate with the key of its leaf that is here. */
function pairFiles({ entry, keyFile }: LeafItem, certificatePem: Buffer): readonly MaterialFile[] {
  const { id, keyPath, certificatePath, keyMode, certificateMode } = entry;
  const key = keyFile.state === 'regular' ? keyFile.bytes : Buffer.alloc(0);
  const root = { uid: 0, gid: 0 };
  return [
    { path: keyPath, id, role: 'key', bytes: key, mode: keyMode, ...root },
    { path: certificatePath, id, role: 'certificate', bytes: certificatePem, mode: certificateMode, ...root },
  ];
}

/**
 * Shows the API server each new client certificate, as its owner will. One that is refused where the present one is
 * accepted does not go live: the server that signed it may be of another cluster, or ahead of this node.
 *
 * @returns a sentence for what could not be tried
 * @throws CertmendError VerificationFailed
 */
export async function tryClients(
  ports: Ports,
  { inventory, layout }: Survey,
  answers: readonly SignedAnswer[],
): Promise<readonly string[]> {
  const { supervisor } = layout;
  const clients = answers.filter(({ item }) => item.entry.extendedKeyUsages.includes('clientAuth'));
  const [first] = clients;
  if (supervisor === undefined || first === undefined) return [];
  const trusted = authorityOf(supervisor.authority, inventory);
  const ask = (item: LeafItem, certificatePem: Buffer): Promise<HealthAnswer> =>
    trusted?.certificateFile.state === 'regular' && item.keyFile.state === 'regular'
      ? ports.askHealth({
          port: supervisor.apiPort,
          path: '/readyz',
          certificatePem,
          keyPem: item.keyFile.bytes,
          trustedPem: trusted.certificateFile.bytes,
        })
      : Promise.resolve({ is: 'unasked' });
  const notes: string[] = [];
  for (const { item, certificatePem } of clients) {
    const { id } = item.entry;
    const after = await ask(item, certificatePem);
    if (after.is === 'well') continue;
    const before = item.certificateFile.state === 'regular' ? await ask(item, item.certificateFile.bytes) : after;
    if (after.is === 'ill' && before.is === 'well')
      throw unproven(id, `the API server accepts the present certificate and not the new one: it ${after.problem}`);
    notes.push(
      `the new certificate of ${id} could not be tried at the API server${after.is === 'ill' ? `, which ${after.problem}` : ''}`,
    );
  }
  return notes;
}

function unproven(id: string | undefined, problem: string, hint?: string): CertmendError {
  const what = id === undefined ? '' : `${id}: `;
  return new CertmendError(
    'VerificationFailed',
    `the agent part was not renewed: ${what}${problem}; nothing was changed`,
    { exit: exitStatus.refused, hint: hint ?? `see: certmend check, certmend why ${id ?? 'ENTRY'}` },
  );
}
