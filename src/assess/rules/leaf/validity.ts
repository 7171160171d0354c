import { span } from '../../../time/span.ts';
import { instant } from '../../../time/rfc3339.ts';
import { dayMs } from '../../../time/units.ts';
import { pairFault, type LeafSubject } from './subject.ts';
import { replaceAuthority } from '../protected-file.ts';
import { isOfAgentPart } from '../../../layout/written-files.ts';
import type { Rule, Verdict } from '../rule.ts';
import { isAgentPartRenewedLive, isRenewedLive } from '../restart.ts';
import { urgencyOf } from '../urgency.ts';

/** Without this a set under an authority that is about to end would be replaced at every start of its last days, in vain (P8). */
const worthwhileGainMs = dayMs;

/** Would a new leaf live longer than the present one by what is worth a change? Both in milliseconds since the epoch. */
export function isWorthReplacing(end: number, authorityEnd: number): boolean {
  return authorityEnd - end >= worthwhileGainMs;
}

/** Has it begun? Either it lies in the future or the clock lies in the past, and the clock comes first (P5). */
export const notBeforeRule: Rule<LeafSubject> = {
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
    const ahead = `${item.entry.certificatePath} is not valid before ${instant(leaf.notBefore)}, ${span(leaf.notBefore - context.now)} from now`;
    if (!context.clock.believed) {
      const message = `${ahead}; the clock is not believed, so nothing is done about it`;
      return { code: 'LeafNotYetValid', severity: 'warning', message, answer: 'wait' };
    }
    return pairFault(subject, 'repair', { code: 'LeafNotYetValid', severity: 'critical', message: ahead });
  },
};

/** How long is it good for? */
export const expiryRule: Rule<LeafSubject> = {
  name: 'expiry',
  asks: 'does it outlast the renewal window?',
  inputs: ({ leaf, effectiveNotAfter, issuer, context }) => ({
    notAfter: leaf === undefined ? '' : instant(leaf.notAfter),
    effectiveNotAfter: effectiveNotAfter === undefined ? '' : instant(effectiveNotAfter),
    authorityNotAfter: issuer?.end === undefined ? '' : instant(issuer.end),
    now: instant(context.now),
    windowDays: String(context.settings.renewBeforeDays),
  }),
  judge(subject) {
    const { item, leaf, issuer, context, effectiveNotAfter } = subject;
    if (leaf === undefined || effectiveNotAfter === undefined) return 'skipped';
    const path = item.entry.certificatePath;
    const { now } = context;
    if (now > leaf.notAfter) {
      const message = `${path} expired ${span(now - leaf.notAfter)} ago, at ${instant(leaf.notAfter)}`;
      return pairFault(subject, 'rotate', { code: 'LeafExpired', severity: 'critical', message });
    }
    if (now > effectiveNotAfter && issuer?.end !== undefined && now <= issuer.end) {
      const message = `${path} is unusable: the old authority that signed it expired at ${instant(effectiveNotAfter)}`;
      return pairFault(subject, 'rotate', { code: 'LeafExpired', severity: 'critical', message });
    }
    if (now > effectiveNotAfter) {
      // AuthorityExpired is the critical finding and stands with the authority: here it only explains the status.
      const message = `${path} is unusable: its authority ${item.entry.issuer} expired at ${instant(effectiveNotAfter)}`;
      return pairFault(subject, 'rotate', { code: 'AuthorityExpired', severity: 'note', message });
    }
    const left = effectiveNotAfter - now;
    if (left > context.settings.renewBeforeDays * dayMs) return 'passed';
    const days = `${path} expires in ${span(left)}, at ${instant(effectiveNotAfter)}`;
    return due(subject, effectiveNotAfter, issuer?.end, days);
  },
};

function due(subject: LeafSubject, end: number, authorityEnd: number | undefined, days: string): Verdict {
  const { entry } = subject.item;
  const urgency = urgencyOf(end - subject.context.now, subject.context.settings.leafCriticalDays);
  if (!entry.reissuedAtStart && authorityEnd !== undefined && !isWorthReplacing(end, authorityEnd)) {
    const message = `${days}; a new one could not last longer, since ${entry.issuer} expires then too: ${replaceAuthority(subject.context)}`;
    return { code: 'LeafRenewDue', ...urgency, message, answer: 'operator' };
  }
  const message = `${days}, which is inside the renewal window of ${subject.context.settings.renewBeforeDays} days`;
  const fault = pairFault(subject, 'rotate', { code: 'LeafRenewDue', severity: 'warning', message });
  // While the service is down its next start answers it. While it runs the order to restart it is a finding of its own
  // and has the steps (restart.ts); what no start would answer has them here.
  if (fault.answer === 'rotate' || entry.reissuedAtStart) {
    const { context } = subject;
    if (fault.answer === 'rotate' && !entry.reissuedAtStart && isRenewedLive(end, context))
      return { ...fault, severity: 'note' };
    if (isOfAgentPart(entry) && isAgentPartRenewedLive(end, context)) return { ...fault, severity: 'note' };
    return context.serviceRunning === true ? { ...fault, severity: urgency.severity } : fault;
  }
  return { ...fault, ...urgency };
}
