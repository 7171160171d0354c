import type { AuthorityItem, Certificate } from '../inventory/inventory.ts';
import type { AssessContext } from './context.ts';
import { dayMs, instant, span } from './figures.ts';
import { fileFault } from './file-fault.ts';
import { issuerOf, type Issuer } from './issuer.ts';
import { modesOf, permissionsFault, type GuardedFile } from './permissions.ts';
import { damagedRemedy, endedAuthority, missingRemedy, replaceAuthority } from './protected-file.ts';
import { leaveToProduct } from './reissued.ts';
import { certificateRow, type Judgement } from './row.ts';
import { findingsOf, type Rule } from './rule.ts';
import { urgencyOf } from './urgency.ts';

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
    const message = `${clause}; ${fault?.remedy ?? damagedRemedy(context, path)}`;
    return { code: 'AuthorityUnreadable', severity: 'critical', message, answer: 'operator' };
  },
};

const keyRule: Rule<AuthoritySubject> = {
  name: 'key',
  asks: 'is its key on the node, and does it fit?',
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
      const message = `${fault.clause}; ${fault.remedy ?? damagedRemedy(context, path)}`;
      return { code: 'ProtectedFileDamaged', severity: 'critical', message, path, answer: 'operator' };
    }
    if (signer === undefined || !key.ok || key.value.spkiDer.equals(signer.spkiDer)) return 'passed';
    const message =
      `${path} is not the key of ${entry.certificatePath}: nothing is signed with it; find out which of the two was ` +
      `changed and put its old bytes back`;
    return { code: 'AuthorityKeyMismatch', severity: 'critical', message, path, answer: 'operator' };
  },
};

const notBeforeRule: Rule<AuthoritySubject> = {
  name: 'not-before',
  asks: 'is it valid already?',
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
      : `${ahead}: the clock is behind; set it right`;
    const answer = context.clock.believed ? 'operator' : 'wait';
    return { code: 'AuthorityNotYetValid', severity: 'critical', message, answer };
  },
};

const endRule: Rule<AuthoritySubject> = {
  name: 'end',
  asks: 'how long does it last?',
  inputs: ({ signer, issuer, context }) => ({
    notAfter: signer === undefined ? '' : instant(signer.notAfter),
    effectiveNotAfter: issuer.end === undefined ? '' : instant(issuer.end),
    now: instant(context.now),
    warningDays: String(context.settings.authorityWarningDays),
    criticalDays: String(context.settings.authorityCriticalDays),
  }),
  judge({ item, context, issuer, isCopy }) {
    if (issuer.end === undefined || isCopy) return 'skipped';
    const { now, settings, clock } = context;
    const left = issuer.end - now;
    const path = item.entry.certificatePath;
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

const permissionsRule: Rule<AuthoritySubject> = {
  name: 'permissions',
  asks: 'is the key closed to everybody but its owner, and the certificate to changes?',
  inputs: ({ item }) => modesOf(guardedFiles(item)),
  judge: ({ item }) => permissionsFault(guardedFiles(item), false) ?? 'passed',
};

/** What is asked of an authority, in this order. */
export const authorityRules: readonly Rule<AuthoritySubject>[] = [
  fileRule,
  keyRule,
  notBeforeRule,
  endRule,
  permissionsRule,
];

/** Judges an authority. Nothing is ever answered with a write: the bootstrap set is protected (P2). */
export function judgeAuthority(item: AuthorityItem, context: AssessContext): Judgement {
  const { entry } = item;
  const subject = authoritySubject(item, context);
  const found = findingsOf(authorityRules, subject, entry.id, entry.certificatePath);
  const reported = entry.reissuedAtStart ? leaveToProduct(found, entry, context) : found;
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

function noAuthority(path: string, signer: Certificate | undefined): string | undefined {
  if (signer === undefined) return `${path} holds no certificate`;
  return signer.isAuthority ? undefined : `${path} holds a certificate that is no authority`;
}

function guardedFiles({ entry, keyFile, certificateFile }: AuthorityItem): readonly GuardedFile[] {
  return [
    { path: entry.keyPath ?? entry.certificatePath, file: keyFile, secret: true },
    { path: entry.certificatePath, file: certificateFile, secret: false },
  ];
}
