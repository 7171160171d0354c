import { type ListenerSubject, comesBack, servedClause, servedRule } from './listener-served.ts';
import type { ListenerItem } from '../../inventory/inventory.ts';
import { issuerRelation, effectiveEnd } from '../chain.ts';
import type { AssessContext } from '../context.ts';
import { span } from '../../time/span.ts';
import { instant } from '../../time/rfc3339.ts';
import { dayMs } from '../../time/units.ts';
import { fileFault } from '../file-fault.ts';
import { productRestores } from './product-start.ts';
import { modesOf, permissionsFault } from './permissions.ts';
import { certificateRow, type Judgement } from '../row.ts';
import { findingsOf, type Fault, type Rule } from './rule.ts';
import type { Finding } from '../assessment.ts';

export function listenerSubject(item: ListenerItem, context: AssessContext): ListenerSubject {
  const chain = item.document.ok ? item.document.value.certificates : [];
  const [leaf, ...carried] = chain;
  const issuer = context.issuers.get(item.entry.issuer);
  const anchors = issuer?.certificates ?? [];
  return {
    item,
    context,
    leaf,
    issuer,
    effectiveNotAfter: leaf === undefined ? undefined : effectiveEnd(leaf, anchors, carried, context.now),
  };
}

const documentRule: Rule<ListenerSubject> = {
  name: 'document',
  asks: 'is the document there, and is it a TLS secret?',
  inputs: ({ item }) => ({ path: item.entry.path, state: item.file.state }),
  judge({ item, leaf }) {
    const { path } = item.entry;
    // The product makes a missing document from its configuration.
    if (item.file.state === 'absent') return 'skipped';
    const fault = fileFault(path, item.file, item.document, 'a TLS secret');
    const clause = fault?.clause ?? (leaf === undefined ? `${path} holds no certificate` : undefined);
    if (clause === undefined) return 'passed';
    const message = fault?.remedy === undefined ? clause : `${clause}; ${fault.remedy}`;
    const answer = fault?.replaceable === false ? 'operator' : 'quarantine';
    return { code: 'ListenerCorrupt', severity: 'critical', message, answer };
  },
};

const keyRule: Rule<ListenerSubject> = {
  name: 'key-match',
  asks: 'does its key match its certificate?',
  inputs: ({ item }) => ({ path: item.entry.path }),
  judge(subject) {
    const { item, leaf } = subject;
    if (leaf === undefined || !item.document.ok) return 'skipped';
    if (item.document.value.key.spkiDer.equals(leaf.spkiDer)) return 'passed';
    const message = `${item.entry.path} holds a key that does not match its certificate`;
    return regenerate(subject, { code: 'KeyMismatch', severity: 'critical', message });
  },
};

const issuerRule: Rule<ListenerSubject> = {
  name: 'issuer',
  asks: 'was it signed by the authority on disk?',
  inputs: ({ leaf, issuer }) => ({
    issuer: leaf?.issuerCommonName ?? '',
    authority: issuer?.certificates[0]?.commonName ?? '',
  }),
  judge(subject) {
    const { item, leaf, issuer } = subject;
    if (leaf === undefined || issuer === undefined || issuer.certificates.length === 0) return 'skipped';
    const carried = item.document.ok ? item.document.value.certificates.slice(1) : [];
    const relation = issuerRelation(leaf, issuer.certificates, carried);
    if (relation === 'bundled') {
      // Nothing is broken by it, so nothing is asked for: each start would be one more try in a race.
      const message =
        `${item.entry.path} predates the current authority${servedClause(subject)}: ${leaf.issuerCommonName} signed it. It is harmless, ` +
        `since ${issuer.path} holds what peers need to trust it${comesBack(subject)}`;
      return { code: 'ListenerOutdated', severity: 'note', message, answer: 'none' };
    }
    if (relation !== 'foreign' && relation !== 'signature-invalid') return 'passed';
    const message = `${item.entry.path} was signed by ${leaf.issuerCommonName}, not by the authority in ${issuer.path}${servedClause(subject)}`;
    return regenerate(subject, { code: 'ListenerIssuerMismatch', severity: 'critical', message });
  },
};

const notBeforeRule: Rule<ListenerSubject> = {
  name: 'not-before',
  asks: 'is it valid yet?',
  inputs: ({ leaf, context }) => ({
    notBefore: leaf === undefined ? '' : instant(leaf.notBefore),
    now: instant(context.now),
    clock: context.clock.verdict,
  }),
  judge(subject) {
    const { item, leaf, context } = subject;
    if (leaf === undefined) return 'skipped';
    if (leaf.notBefore <= context.now) return 'passed';
    const message = `${item.entry.path} is not valid before ${instant(leaf.notBefore)}, ${span(leaf.notBefore - context.now)} from now`;
    if (!context.clock.believed) {
      const unbelieved = `${message}; the clock is not believed, so nothing is done about it`;
      return { code: 'LeafNotYetValid', severity: 'warning', message: unbelieved, answer: 'wait' };
    }
    return regenerate(subject, { code: 'LeafNotYetValid', severity: 'critical', message });
  },
};

const expiryRule: Rule<ListenerSubject> = {
  name: 'expiry',
  asks: 'does it outlast the renewal window?',
  inputs: ({ leaf, effectiveNotAfter, context }) => ({
    notAfter: leaf === undefined ? '' : instant(leaf.notAfter),
    effectiveNotAfter: effectiveNotAfter === undefined ? '' : instant(effectiveNotAfter),
    now: instant(context.now),
    windowDays: String(context.settings.renewBeforeDays),
  }),
  judge(subject) {
    const { item, leaf, context, effectiveNotAfter } = subject;
    if (leaf === undefined) return 'skipped';
    if (effectiveNotAfter !== undefined && effectiveNotAfter < leaf.notAfter && effectiveNotAfter < context.now) {
      // AuthorityExpired is the critical finding and stands with the authority: here it only explains the status.
      const message = `${item.entry.path} is unusable: its authority ${item.entry.issuer} expired at ${instant(effectiveNotAfter)}`;
      return { code: 'AuthorityExpired', severity: 'note', message, answer: 'none' };
    }
    // Its own end, not the chain's: a new one under a dying authority would be no better.
    const left = leaf.notAfter - context.now;
    if (left < 0) {
      const message = `${item.entry.path} expired ${span(left)} ago, at ${instant(leaf.notAfter)}`;
      return regenerate(subject, { code: 'ListenerExpired', severity: 'critical', message });
    }
    if (left > context.settings.renewBeforeDays * dayMs) return 'passed';
    const message = `${item.entry.path} expires in ${span(left)}, at ${instant(leaf.notAfter)}`;
    const fault = { code: 'ListenerExpired', severity: 'warning', message } as const;
    // The running product renews it by itself every few hours (products 5); the trigger would wait for a restart.
    return context.serviceRunning === true ? { ...fault, answer: 'none' } : regenerate(subject, fault);
  },
};

const permissionsRule: Rule<ListenerSubject> = {
  name: 'permissions',
  asks: 'can only its owner read it?',
  inputs: ({ item }) => modesOf([{ path: item.entry.path, file: item.file, secret: true }]),
  judge: ({ item }) => permissionsFault([{ path: item.entry.path, file: item.file, secret: true }], false) ?? 'passed',
};

/** What is asked of the listener document, in this order. */
export const listenerRules: readonly Rule<ListenerSubject>[] = [
  documentRule,
  keyRule,
  issuerRule,
  notBeforeRule,
  expiryRule,
  servedRule,
  permissionsRule,
];

/** Judges the product's own serving document. It is never written: the product is asked to make a new one. */
export function judgeListener(item: ListenerItem, context: AssessContext): Judgement {
  const { entry } = item;
  const subject = listenerSubject(item, context);
  const found = findingsOf(listenerRules, subject, entry.id, entry.path);
  const findings = isPending(item, context) ? pending(found, item, context) : found;
  const row = certificateRow({
    id: entry.id,
    path: entry.path,
    role: 'listener',
    file: item.file,
    certificate: subject.leaf,
    effectiveNotAfter: subject.effectiveNotAfter,
    found,
    reported: findings,
    now: context.now,
  });
  return { findings, row };
}

/** The product was asked already and has not started since. */
function isPending(item: ListenerItem, context: AssessContext): boolean {
  return context.serviceRunning !== true && context.pendingTriggers.has(item.entry.regenerateTrigger);
}

/** What the next start answers becomes one note; a document that would keep the product from starting stays a finding. */
function pending(found: readonly Finding[], item: ListenerItem, context: AssessContext): readonly Finding[] {
  const answered = found.filter((finding) => finding.answer === 'regenerate-listener');
  const { path, id, regenerateTrigger } = item.entry;
  const why = answered.map((finding) => finding.message).join('; ');
  const note: Finding = {
    code: 'ListenerRegenerationPending',
    id,
    path,
    severity: 'note',
    message: `${why === '' ? path : why}; ${context.layout.product} issues a new one when ${context.layout.unit} starts`,
    evidence: { trigger: regenerateTrigger, found: answered.map((finding) => finding.code).join(', ') },
    answer: 'none',
  };
  return [note, ...found.filter((finding) => finding.answer !== 'regenerate-listener')];
}

/** The trigger, unless the product would not or could not act on it. */
function regenerate(subject: ListenerSubject, fault: Pick<Fault, 'code' | 'severity' | 'message'>): Fault {
  const { item, issuer, context } = subject;
  if (item.document.ok && item.document.value.isStatic) {
    const remark = `; it is marked static, so ${context.layout.product} never changes it: replace it by hand`;
    return { ...fault, message: `${fault.message}${remark}`, answer: 'operator' };
  }
  if (issuer?.problem !== undefined && !productRestores(context, issuer.problem)) {
    const remark = `; no new one can be made: ${issuer.problem.clause}`;
    return { ...fault, message: `${fault.message}${remark}`, answer: 'operator' };
  }
  if (context.serviceRunning === true && context.pendingTriggers.has(item.entry.regenerateTrigger)) {
    const remark = `; a new one is already requested for the next start: systemctl restart ${context.layout.unit}`;
    return { ...fault, message: `${fault.message}${remark}`, answer: 'operator' };
  }
  // Judged after a start: the one that certmend asked for at that start has lost against the old one, or nobody asked yet.
  const remark =
    context.serviceRunning === true
      ? `; certmend requests a new one at the next start: systemctl restart ${context.layout.unit}${comesBack(subject)}`
      : '';
  return { ...fault, message: `${fault.message}${remark}`, answer: 'regenerate-listener' };
}
