import type { ListenerItem } from '../../inventory/inventory.ts';
import type { Issuer } from '../issuer.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { issuerRelation } from '../chain.ts';
import type { AssessContext } from '../context.ts';
import { instant } from '../../time/rfc3339.ts';
import type { Rule } from './rule.ts';
import { shellWord } from '../../disk/shell-word.ts';

export interface ListenerSubject {
  readonly item: ListenerItem;
  readonly context: AssessContext;
  readonly leaf: Certificate | undefined;
  readonly issuer: Issuer | undefined;
  readonly effectiveNotAfter: number | undefined;
}

/**
 * What the running service serves, as against what is in its document: the product makes a new certificate, merges it
 * with the one that its cluster stores, and may go on with the old one (products 5). A note when no peer refuses it.
 */
export const servedRule: Rule<ListenerSubject> = {
  name: 'served',
  asks: 'does the running service serve it?',
  inputs: (subject) => ({
    port: shownOf(subject) === undefined ? '' : portOf(subject),
    served: shownOf(subject)?.fingerprint256 ?? '',
    document: subject.leaf?.fingerprint256 ?? '',
    replaced: subject.context.remembered.listenerAsked?.fingerprint256 ?? '',
  }),
  judge(subject) {
    const { item, leaf, issuer, context } = subject;
    const { layout, clock, now } = context;
    const [shown, ...carried] = servedAt(subject);
    const anchors = issuer?.certificates ?? [];
    if (shown === undefined || leaf === undefined || anchors.length === 0) return 'skipped';
    if (shown.fingerprint256 === leaf.fingerprint256) return 'passed';
    const which = isReplaced(shown, context)
      ? 'the old certificate, which certmend asked to have replaced'
      : 'another one';
    const clause = `port ${portOf(subject)} does not serve the certificate in ${item.entry.path} but ${which}`;
    const relation = issuerRelation(shown, anchors, carried);
    const isRefused = relation === 'foreign' || relation === 'signature-invalid';
    const hasEnded = clock.believed && shown.notAfter < now;
    if (!isRefused && !hasEnded) {
      const message = `${clause}; it is harmless: it is valid until ${instant(shown.notAfter)}, and ${issuer?.path ?? ''} holds what peers need to trust it`;
      return { code: 'ListenerStale', severity: 'note', message, answer: 'none' };
    }
    const why = hasEnded
      ? `it expired at ${instant(shown.notAfter)}`
      : `it was signed by ${shown.issuerCommonName}, not by the authority in ${issuer?.path ?? ''}`;
    const message = `${clause}; ${why}, so joining agents reject it: systemctl restart ${layout.unit}${comesBack(subject)}`;
    return { code: 'ListenerStale', severity: 'critical', message, answer: 'operator' };
  },
};

/** ` It is what port 9345 serves`: said only where it was seen. */
export function servedClause(subject: ListenerSubject): string {
  if (subject.leaf === undefined || shownOf(subject)?.fingerprint256 !== subject.leaf.fingerprint256) return '';
  return ` and is what port ${portOf(subject)} serves`;
}

/** What answers on the listener's port, leaf first; empty when nobody does. */
function servedAt({ item, context }: ListenerSubject): readonly Certificate[] {
  const { port } = item.entry;
  return (port === undefined ? undefined : context.served.get(port)) ?? [];
}

function shownOf(subject: ListenerSubject): Certificate | undefined {
  return servedAt(subject)[0];
}

function portOf({ item }: ListenerSubject): string {
  return String(item.entry.port ?? '');
}

/** The product merges what it makes with what its cluster stores, and prefers the stored one that is not near its end (products 5). */
export function comesBack(subject: ListenerSubject): string {
  const { leaf, context } = subject;
  const { layout, serviceRunning, remembered } = context;
  const { product, unit, role } = layout;
  if (serviceRunning !== true || role !== 'server') return '';
  const secret = `${product}-serving`;
  const shown = shownOf(subject) ?? leaf;
  const asked = remembered.listenerAsked;
  const isBack = asked !== undefined && shown !== undefined && isReplaced(shown, context);
  const story = isBack
    ? `; certmend requested a new one at ${instant(asked.at)}, but ${product} kept the old one from its Secret ${secret}`
    : `; if it comes back after a start, ${product} took it from its Secret`;
  return `${story}: ${kubectl(context)} -n kube-system delete secret ${secret}; systemctl restart ${unit}`;
}

function isReplaced({ fingerprint256 }: Certificate, { remembered }: AssessContext): boolean {
  return remembered.listenerAsked?.fingerprint256 === fingerprint256;
}

/** By the administrator's own kubeconfig: it does not go through the listener that is at fault, and needs no PATH. */
function kubectl({ layout }: AssessContext): string {
  const { dataDir } = layout;
  return `${layout.kubectl} --kubeconfig ${shellWord(`${dataDir}/server/cred/admin.kubeconfig`)}`;
}
