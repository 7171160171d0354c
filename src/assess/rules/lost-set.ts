import type { Finding } from '../assessment.ts';
import type { AssessContext } from '../context.ts';
import { listed } from '../figures.ts';

/**
 * The verdict on an empty set. Nothing in it can be expired or damaged, so no rule of an entry finds anything wrong, and
 * yet a node that has run cannot be without authorities: the directory is lost, or not mounted, or another one than the
 * service uses. Undefined when something is there, and on a node that has never run.
 */
export function lostSet(context: AssessContext): Finding | undefined {
  const { layout, traces, empty, serviceRunning } = context;
  if (!empty) return undefined;
  const isServer = layout.role === 'server';
  const directory = isServer ? `${layout.dataDir}/server/tls` : `${layout.dataDir}/agent`;
  const common = {
    code: 'CertificatesLost',
    id: undefined,
    path: directory,
    evidence: { directory, traces: traces.join(', '), serviceRunning: String(serviceRunning ?? 'not known') },
    answer: 'operator',
  } as const;
  if (isServer && traces.length > 0) {
    const message =
      `${directory} holds no authority and no certificate, though ${listed(traces)} ${traces.length === 1 ? 'shows' : 'show'} ` +
      `that this node has run before: if a file system belongs there, mount it before ${layout.unit} starts; ${withoutIt(context)}`;
    return { ...common, severity: 'critical', message };
  }
  // Also for the seconds of a first start, in which the files are being made.
  if (serviceRunning !== true) return undefined;
  const message =
    `${directory} holds no certificate while ${layout.unit} runs: either this is its first start, or it keeps its ` +
    `files elsewhere; set dataDir: in /etc/certmend/config.yaml to the directory it uses`;
  return { ...common, severity: 'warning', message };
}

/** What the product does next (products 2.4): everything hangs on the token. */
function withoutIt({ layout, traces }: AssessContext): string {
  const entry = layout.entries.find(({ id }) => id === 'token');
  const isTokenKnown = entry?.optional === true || traces.some((trace) => trace.endsWith('/token'));
  return isTokenKnown
    ? `otherwise its start restores the authorities from the datastore, if there still is one, and recreates the rest`
    : `do not start it without its token (${layout.dataDir}/server/token): it would treat this node as new and start a cluster of its own`;
}
