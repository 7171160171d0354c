import { instant } from '../../../time/rfc3339.ts';
import { span } from '../../../time/span.ts';
import type { Certificate } from '../../../x509/certificate.ts';
import { urgencyOf } from '../urgency.ts';
import type { Rule } from '../rule.ts';
import type { LeafSubject } from './subject.ts';

/**
 * Whether the process that runs serves what is on disk: a process that has not read a new file goes on with the old one
 * until it ends, and then it stops, with nothing wrong on disk (products 8). While what is served lasts it is a note; from
 * thirty days on it is told like any other end.
 */
export const leafServedRule: Rule<LeafSubject> = {
  name: 'served',
  asks: 'does the running service serve it?',
  inputs: (subject) => {
    const shown = servedOf(subject);
    return {
      port: String(subject.item.entry.port ?? ''),
      served: shown?.fingerprint256 ?? '',
      servedUntil: shown === undefined ? '' : instant(shown.notAfter),
      file: subject.leaf?.fingerprint256 ?? '',
    };
  },
  judge(subject) {
    const { item, leaf, context } = subject;
    const { now, clock, layout, settings } = context;
    const shown = servedOf(subject);
    if (shown === undefined || leaf === undefined) return 'skipped';
    if (shown.fingerprint256 === leaf.fingerprint256) return 'passed';
    const { certificatePath, consumer, port } = item.entry;
    const clause = `port ${String(port)} (${consumer}) does not serve the certificate in ${certificatePath} but one valid from ${instant(shown.notBefore)}`;
    const left = shown.notAfter - now;
    const { severity, step } = urgencyOf(left, settings.leafCriticalDays);
    if (step === undefined || !clock.believed) {
      const message = `${clause}; that one expires at ${instant(shown.notAfter)}`;
      return { code: 'ServedStale', severity: 'note', message, answer: 'none' };
    }
    const end = instant(shown.notAfter);
    const when =
      left > 0 ? `which expires at ${end} (in ${span(left)})` : `which expired at ${end} (${span(left)} ago)`;
    const message = `${clause}, ${when}: systemctl restart ${layout.unit}`;
    return { code: 'ServedExpiring', severity, message, answer: 'operator', step };
  },
};

/**
 * The certificate that answers where this one should be served; undefined when nobody does, or when it is somebody else's:
 * another program on the port says nothing about this file.
 */
export function servedOf({ item, context }: LeafSubject): Certificate | undefined {
  const { port, identity } = item.entry;
  const [shown] = (port === undefined ? undefined : context.served.get(port)) ?? [];
  return shown?.commonName === identity.commonName ? shown : undefined;
}
