import type { CredentialSource, KubeconfigItem } from '../../inventory/inventory.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { issuerRelation } from '../chain.ts';
import type { AssessContext, KnownLeaf } from '../context.ts';
import { span } from '../../time/span.ts';
import { instant } from '../../time/rfc3339.ts';
import { dayMs } from '../../time/units.ts';
import { fileFault } from '../file-fault.ts';
import type { Issuer } from '../issuer.ts';
import { modesOf, permissionsFault, type GuardedFile } from './permissions.ts';
import { leaveToProduct } from './product-start.ts';
import { certificateRow, type Judgement } from '../row.ts';
import { findingsOf, type Fault, type Rule } from './rule.ts';

export interface KubeconfigSubject {
  readonly item: KubeconfigItem;
  readonly context: AssessContext;
  /** The client identity it must refer to. */
  readonly client: KnownLeaf | undefined;
  readonly authority: Issuer | undefined;
  /** The certificate in it; undefined when it has references. */
  readonly embedded: Certificate | undefined;
}

export function kubeconfigSubject(item: KubeconfigItem, context: AssessContext): KubeconfigSubject {
  return {
    item,
    context,
    client: context.leaves.get(item.entry.client),
    authority: context.issuers.get(item.entry.authority),
    embedded: item.document.ok ? firstEmbedded(item.document.value.clientCertificate) : undefined,
  };
}

const fileRule: Rule<KubeconfigSubject> = {
  name: 'file',
  asks: 'is the kubeconfig there, and can it be read?',
  inputs: ({ item }) => ({ path: item.entry.path, state: item.file.state, style: item.entry.style }),
  judge({ item, context, client }) {
    const { entry, file, document } = item;
    if (file.state === 'absent') {
      if (isDeletedByHand(item, context)) {
        const message = `${entry.path} is missing, so its consumer (${entry.consumer}) cannot log in`;
        return { code: 'KubeconfigMissing', severity: 'warning', message, answer: 'none' };
      }
      const unneeded = entry.optional || entry.reissuedAtStart || !context.initialised;
      if (unneeded || (client?.optional === true && !client.present)) return 'skipped';
      const message = `${entry.path} is missing, so its consumer (${entry.consumer}) cannot log in`;
      return rewrite(item, { code: 'KubeconfigMissing', severity: 'critical', message });
    }
    const fault = fileFault(entry.path, file, document, 'a kubeconfig');
    if (fault === undefined) return 'passed';
    if (fault.remedy !== undefined) {
      const message = `${fault.clause}; ${fault.remedy}`;
      return { code: 'KubeconfigCorrupt', severity: 'critical', message, answer: 'operator' };
    }
    return rewrite(item, { code: 'KubeconfigCorrupt', severity: 'critical', message: fault.clause });
  },
};

/** The product writes its admin kubeconfig at each start and never again: what is not there was taken away since. */
function isDeletedByHand({ entry }: KubeconfigItem, context: AssessContext): boolean {
  return entry.reissuedAtStart && entry.style === 'embedded' && context.initialised && context.serviceRunning === true;
}

const referencesRule: Rule<KubeconfigSubject> = {
  name: 'references',
  asks: "does it refer to the node's own client certificate, key and authority?",
  inputs: (subject) =>
    Object.fromEntries(
      references(subject).map(({ what, actual, expected }) => [what, `${actual} (expected ${expected})`]),
    ),
  judge(subject) {
    const { item } = subject;
    if (!item.document.ok || !item.entry.writable) return 'skipped';
    const wrong = references(subject).find(({ actual, expected }) => actual !== expected);
    if (wrong === undefined) return 'passed';
    const message = `${item.entry.path} refers to ${wrong.actual} as its ${wrong.what}; expected ${wrong.expected}`;
    return rewrite(item, { code: 'KubeconfigCorrupt', severity: 'warning', message });
  },
};

const embeddedRule: Rule<KubeconfigSubject> = {
  name: 'embedded',
  asks: 'are the certificate and key in it good, and from the authority on disk?',
  inputs: ({ embedded, authority, context }) => ({
    notAfter: embedded === undefined ? '' : instant(embedded.notAfter),
    issuer: embedded?.issuerCommonName ?? '',
    trusts: authority?.certificates[0]?.commonName ?? '',
    now: instant(context.now),
    windowDays: String(context.settings.renewBeforeDays),
  }),
  judge(subject) {
    const { item, embedded } = subject;
    if (embedded === undefined) return 'skipped';
    const fault = staleness(subject, embedded);
    if (fault === undefined) return 'passed';
    const message = `${item.entry.path} ${fault.clause}`;
    return rewrite(item, { code: 'KubeconfigStale', severity: 'warning', message });
  },
};

const permissionsRule: Rule<KubeconfigSubject> = {
  name: 'permissions',
  asks: 'can only its owner read the key in it?',
  inputs: ({ item }) => modesOf([guarded(item)]),
  judge({ item }) {
    // References give nothing away, and an operator may have chosen a wider mode for the rest (`write-kubeconfig-mode`).
    if (!item.document.ok || 'path' in item.document.value.clientKey) return 'skipped';
    return permissionsFault([guarded(item)], item.entry.writable) ?? 'passed';
  },
};

/** What is asked of a kubeconfig, in this order. */
export const kubeconfigRules: readonly Rule<KubeconfigSubject>[] = [
  fileRule,
  referencesRule,
  embeddedRule,
  permissionsRule,
];

/** Judges a kubeconfig. */
export function judgeKubeconfig(item: KubeconfigItem, context: AssessContext): Judgement {
  const { entry } = item;
  const subject = kubeconfigSubject(item, context);
  const found = findingsOf(kubeconfigRules, subject, entry.id, entry.path);
  const owner = { id: entry.id, certificatePath: entry.path };
  const findings = entry.reissuedAtStart ? leaveToProduct(found, owner, context) : found;
  const row = certificateRow({
    id: entry.id,
    path: entry.path,
    role: 'kubeconfig',
    file: item.file,
    certificate: subject.embedded,
    effectiveNotAfter: subject.embedded?.notAfter,
    found,
    reported: findings,
    now: context.now,
  });
  return { findings, row };
}

function staleness(subject: KubeconfigSubject, certificate: Certificate): { readonly clause: string } | undefined {
  const { item, context } = subject;
  const left = certificate.notAfter - context.now;
  if (left < 0)
    return { clause: `holds a certificate that expired ${span(left)} ago, at ${instant(certificate.notAfter)}` };
  const clientKey = item.document.ok ? item.document.value.clientKey : undefined;
  if (clientKey !== undefined && 'key' in clientKey && !clientKey.key.spkiDer.equals(certificate.spkiDer))
    return { clause: 'holds a key that does not match its certificate' };
  const signer = context.signers.get(item.entry.client);
  const signers = signer === undefined ? [] : (context.issuers.get(signer)?.certificates ?? []);
  if (signers.length > 0) {
    const relation = issuerRelation(certificate, signers);
    if (relation === 'foreign' || relation === 'signature-invalid') {
      return {
        clause: `holds a certificate signed by ${certificate.issuerCommonName}, which is not the authority on this node`,
      };
    }
  }
  if (!trustsAuthority(subject)) return { clause: 'trusts another authority, not the one on this node' };
  if (left <= context.settings.renewBeforeDays * dayMs)
    return { clause: `holds a certificate that expires in ${span(left)}, at ${instant(certificate.notAfter)}` };
  return undefined;
}

function trustsAuthority({ item, authority }: KubeconfigSubject): boolean {
  if (!item.document.ok || authority === undefined || authority.certificates.length === 0) return true;
  const trusted = item.document.value.authority;
  if ('path' in trusted) return true;
  const prints = new Set(authority.certificates.map((certificate) => certificate.fingerprint256));
  return trusted.embedded.some((certificate) => prints.has(certificate.fingerprint256));
}

interface Reference {
  readonly what: string;
  readonly actual: string;
  readonly expected: string;
}

/** References in the file beside what the table says; embedded data refers to nothing. */
function references({ item, client, authority }: KubeconfigSubject): readonly Reference[] {
  if (!item.document.ok) return [];
  const { clientCertificate, clientKey, authority: trusted } = item.document.value;
  return [
    reference('client certificate', clientCertificate, client?.certificatePath),
    reference('client key', clientKey, client?.keyPath),
    reference('authority', trusted, authority?.path),
  ].filter((found) => found !== undefined);
}

function reference(what: string, source: object, expected: string | undefined): Reference | undefined {
  if (expected === undefined || !('path' in source) || typeof source.path !== 'string') return undefined;
  return { what, actual: source.path, expected };
}

/** Written again where the table allows it; otherwise somebody else has to. */
function rewrite(item: KubeconfigItem, fault: Pick<Fault, 'code' | 'severity' | 'message'>): Fault {
  return item.entry.writable
    ? { ...fault, answer: 'write-kubeconfig' }
    : { ...fault, message: `${fault.message}; certmend does not write it: it must be recreated`, answer: 'operator' };
}

function firstEmbedded(source: CredentialSource<Certificate>): Certificate | undefined {
  return 'embedded' in source ? source.embedded[0] : undefined;
}

function guarded(item: KubeconfigItem): GuardedFile {
  return { path: item.entry.path, file: item.file, secret: true, mode: item.entry.mode };
}
