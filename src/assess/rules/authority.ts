import type { AuthorityItem } from '../../inventory/inventory.ts';
import type { PrivateKey } from '../../x509/private-key.ts';
import type { Certificate } from '../../x509/certificate.ts';
import type { Finding } from '../assessment.ts';
import { endedAbove, maySign } from '../chain.ts';
import type { AssessContext } from '../context.ts';
import { span } from '../../time/span.ts';
import { instant } from '../../time/rfc3339.ts';
import { dayMs } from '../../time/units.ts';
import { fileFault } from '../file-fault.ts';
import { canSign, issuerOf, type Issuer } from '../issuer.ts';
import { holdsPrivateKey, modesOf, permissionsFault, type GuardedFile } from './permissions.ts';
import { damagedRemedy, endedAuthority, missingRemedy, replaceAuthority } from './protected-file.ts';
import { leaveToProduct } from './product-start.ts';
import { certificateRow, type Judgement } from '../row.ts';
import { urgencyOf } from './urgency.ts';
import { findingsOf, type Rule, type Verdict } from './rule.ts';

export interface AuthoritySubject {
  readonly item: AuthorityItem;
  readonly context: AssessContext;
  readonly issuer: Issuer;
  readonly signer: Certificate | undefined;
  /** Another entry of the layout holds the same certificate and reports its end. */
  readonly isCopy: boolean;
}

export function authoritySubject(item: AuthorityItem, context: AssessContext): AuthoritySubject {
  const issuer = context.issuers.get(item.entry.id) ?? issuerOf(item, context.now);
  const [signer] = issuer.certificates;
  const holder = signer === undefined ? undefined : context.holders.get(signer.fingerprint256);
  return { item, context, issuer, signer, isCopy: item.entry.copyOf !== undefined || holder !== item.entry.id };
}

const fileRule: Rule<AuthoritySubject> = {
  name: 'certificate-file',
  asks: 'is the authority there, and can it be read?',
  inputs: ({ item, issuer }) => ({
    path: item.entry.certificatePath,
    state: item.certificateFile.state,
    certificates: String(issuer.certificates.length),
  }),
  judge({ item, context, signer }) {
    const { entry, certificateFile, certificates } = item;
    const path = entry.certificatePath;
    if (certificateFile.state === 'absent') {
      if (entry.optional || entry.reissuedAtStart) return 'skipped';
      const message = `${path} is missing; ${missingRemedy(context, path)}`;
      return context.initialised || (context.traces.length > 0 && !context.empty)
        ? { code: 'AuthorityMissing', severity: 'critical', message, answer: 'operator' }
        : { code: 'AuthorityMissing', severity: 'note', message, answer: 'none' };
    }
    const fault = fileFault(path, certificateFile, certificates, 'a certificate');
    const clause = fault?.clause ?? noAuthority(path, signer);
    if (clause === undefined) return 'passed';
    const restored = !entry.optional;
    // What the product makes anew at each start needs nobody.
    const what = entry.reissuedAtStart
      ? ''
      : `; ${damagedRemedy(context, { path, file: certificateFile, restored }, fault?.remedy)}`;
    const message = `${clause}${what}`;
    return { code: 'AuthorityUnreadable', severity: 'critical', message, answer: 'operator' };
  },
};

const keyRule: Rule<AuthoritySubject> = {
  name: 'key',
  asks: 'is its key on the node, and does it match?',
  inputs: ({ item }) => ({ path: item.entry.keyPath ?? 'none', state: item.keyFile?.state ?? 'none' }),
  judge({ item, context, signer }) {
    const { entry, keyFile, key } = item;
    const path = entry.keyPath;
    if (path === undefined || keyFile === undefined || key === undefined) return 'skipped';
    if (keyFile.state === 'absent') {
      if (item.certificateFile.state === 'absent' || !context.used.has(entry.id)) return 'skipped';
      const message =
        `${path} is missing: leaves of ${entry.id} cannot be issued on this node and no standby can be made; ` +
        missingRemedy(context, path);
      return { code: 'AuthorityKeyMissing', severity: 'warning', message, path, answer: 'operator' };
    }
    const fault = fileFault(path, keyFile, key, 'a private key');
    if (fault !== undefined) {
      const restored = !entry.optional;
      const message = `${fault.clause}; ${damagedRemedy(context, { path, file: keyFile, restored }, fault.remedy)}`;
      return { code: 'ProtectedFileDamaged', severity: 'critical', message, path, answer: 'operator' };
    }
    if (signer === undefined || !key.ok) return 'passed';
    if (key.value.spkiDer.equals(signer.spkiDer))
      return canSign(key.value) ? 'passed' : unsupported(key.value, path, item, context);
    const message =
      `${path} is not the key of ${entry.certificatePath}: nothing is signed with it; find out which of the two was ` +
      `changed and restore the original`;
    return { code: 'AuthorityKeyMismatch', severity: 'critical', message, path, answer: 'operator' };
  },
};

function unsupported(
  { algorithm }: PrivateKey,
  path: string,
  { entry }: AuthorityItem,
  context: AssessContext,
): Verdict {
  if (!context.used.has(entry.id)) return 'passed';
  const { product } = context.layout;
  const message =
    `${path} is of a type (${algorithm}) that certmend cannot sign with: it can issue no leaves of ${entry.id} and make ` +
    `no standby, so only ${product} itself renews them, at its start; replace the authority with one that has an EC or RSA ` +
    `key: ${replaceAuthority(context)}`;
  return { code: 'AuthorityKeyUnsupported', severity: 'warning', message, path, answer: 'operator' };
}

const notBeforeRule: Rule<AuthoritySubject> = {
  name: 'not-before',
  asks: 'is it valid yet?',
  inputs: ({ signer, context }) => ({
    notBefore: signer === undefined ? '' : instant(signer.notBefore),
    now: instant(context.now),
    clock: context.clock.verdict,
  }),
  judge({ item, context, signer, isCopy }) {
    if (signer === undefined || isCopy) return 'skipped';
    if (signer.notBefore <= context.now) return 'passed';
    const ahead = `${item.entry.certificatePath} is not valid before ${instant(signer.notBefore)}, ${span(signer.notBefore - context.now)} from now`;
    const message = context.clock.believed
      ? `${ahead}: nothing is signed with it; wait until then, or replace it: ${replaceAuthority(context)}`
      : `${ahead}: the clock is behind; set it`;
    const answer = context.clock.believed ? 'operator' : 'wait';
    return { code: 'AuthorityNotYetValid', severity: 'critical', message, answer };
  },
};

const endRule: Rule<AuthoritySubject> = {
  name: 'end',
  asks: 'when does it expire?',
  inputs: ({ signer, issuer, context }) => ({
    notAfter: signer === undefined ? '' : instant(signer.notAfter),
    effectiveNotAfter: issuer.end === undefined ? '' : instant(issuer.end),
    now: instant(context.now),
    warningDays: String(context.settings.authorityWarningDays),
    criticalDays: String(context.settings.authorityCriticalDays),
  }),
  judge({ item, context, issuer, isCopy }) {
    if (issuer.end === undefined) return 'skipped';
    const { now, settings, clock } = context;
    const left = issuer.end - now;
    const path = item.entry.certificatePath;
    if (isCopy) return left < 0 ? endedCopy(item, issuer.end, context) : 'skipped';
    if (!context.used.has(item.entry.id)) {
      if (left >= 0) return 'passed';
      const message = `${path} expired ${span(left)} ago, at ${instant(issuer.end)}; nothing on this node is signed by it`;
      return { code: 'AuthorityExpired', severity: 'note', message, answer: 'none' };
    }
    if (left < 0) {
      const unless = clock.verdict === 'ahead-suspect' ? ' (unless the clock runs ahead: it is not believed)' : '';
      const message =
        `${path} expired ${span(left)} ago, at ${instant(issuer.end)}${unless}: nothing is signed with it and no ` +
        `certificate under it is accepted; ${endedAuthority(context)}`;
      return { code: 'AuthorityExpired', severity: 'critical', message, answer: 'operator' };
    }
    if (left > settings.authorityWarningDays * dayMs) return 'passed';
    const message = `${path} expires in ${span(left)}, at ${instant(issuer.end)}; replace it while the cluster runs: ${replaceAuthority(context)}`;
    return {
      code: 'AuthorityExpiring',
      ...urgencyOf(left, settings.authorityCriticalDays),
      message,
      answer: 'operator',
    };
  },
};

/** The authority it is a copy of reports the end; here it explains the status of the row. */
function endedCopy({ entry }: AuthorityItem, end: number, context: AssessContext): Verdict {
  const of = entry.copyOf ?? 'an authority of this node';
  const message = `${entry.certificatePath} expired ${span(end - context.now)} ago, at ${instant(end)}; it is a copy of ${of} and is recreated with it`;
  return { code: 'AuthorityExpired', severity: 'note', message, answer: 'none' };
}

const aboveRule: Rule<AuthoritySubject> = {
  name: 'above',
  asks: 'are the certificates above it in its file still valid?',
  inputs: ({ issuer, context }) => {
    const ended = endedAbove(issuer.certificates, context.now);
    return ended === undefined ? {} : { upper: ended.commonName, upperNotAfter: instant(ended.notAfter) };
  },
  judge({ item, context, issuer, isCopy }) {
    const { id, certificatePath } = item.entry;
    if (isCopy || issuer.certificates.length < 2 || !context.used.has(id)) return 'skipped';
    const ended = endedAbove(issuer.certificates, context.now);
    if (ended === undefined) return 'passed';
    const harm =
      id === 'server-ca'
        ? 'the hash in the token no longer leads to a root, so nodes may fail to join'
        : 'a peer that trusts only the certificate above that one rejects everything under this authority';
    const message =
      `${certificatePath}: ${ended.commonName}, above the certificate that signs, expired ${span(ended.notAfter - context.now)} ` +
      `ago, at ${instant(ended.notAfter)}; the peers on this node trust every certificate of the file and keep working, but ${harm}: ` +
      `replace it while the cluster runs: ${replaceAuthority(context)}`;
    return { code: 'AuthorityUpperExpired', severity: 'warning', message, answer: 'operator' };
  },
};

const permissionsRule: Rule<AuthoritySubject> = {
  name: 'permissions',
  asks: 'can only the owner read the key and change the certificate?',
  inputs: ({ item }) => modesOf(guardedFiles(item)),
  judge: ({ item }) => permissionsFault(guardedFiles(item), false) ?? 'passed',
};

/** What is asked of an authority, in this order. */
export const authorityRules: readonly Rule<AuthoritySubject>[] = [
  fileRule,
  keyRule,
  notBeforeRule,
  endRule,
  aboveRule,
  permissionsRule,
];

/** Judges an authority. Nothing is ever answered with a write: the bootstrap set is protected (P2). */
export function judgeAuthority(item: AuthorityItem, context: AssessContext): Judgement {
  const { entry } = item;
  const subject = authoritySubject(item, context);
  const found = findingsOf(authorityRules, subject, entry.id, entry.certificatePath);
  const reported = entry.reissuedAtStart ? reissued(found, entry, context) : found;
  const row = certificateRow({
    id: entry.id,
    path: entry.certificatePath,
    role: 'authority',
    file: item.certificateFile,
    certificate: subject.signer,
    effectiveNotAfter: subject.issuer.end,
    found,
    reported,
    now: context.now,
  });
  return { findings: reported, row };
}

/** A copy that ended with its authority is no better after a start. */
function reissued(
  found: readonly Finding[],
  entry: AuthorityItem['entry'],
  context: AssessContext,
): readonly Finding[] {
  const original = entry.copyOf === undefined ? undefined : context.issuers.get(entry.copyOf)?.end;
  const isBeyond = ({ code }: Finding): boolean =>
    code === 'AuthorityExpired' && original !== undefined && original < context.now;
  return [
    ...leaveToProduct(
      found.filter((finding) => !isBeyond(finding)),
      entry,
      context,
    ),
    ...found.filter(isBeyond),
  ];
}

function noAuthority(path: string, signer: Certificate | undefined): string | undefined {
  if (signer === undefined) return `${path} holds no certificate`;
  if (!signer.isAuthority) return `${path} holds a certificate that is not an authority`;
  return maySign(signer) ? undefined : `${path} holds a certificate that may not sign others`;
}

function guardedFiles({ entry, keyFile, certificateFile }: AuthorityItem): readonly GuardedFile[] {
  return [
    { path: entry.keyPath ?? entry.certificatePath, file: keyFile, secret: true },
    { path: entry.certificatePath, file: certificateFile, secret: holdsPrivateKey(certificateFile) },
  ];
}
