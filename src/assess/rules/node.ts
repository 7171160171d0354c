import type { ClockBelief, Finding } from '../assessment.ts';
import { instant } from '../../time/rfc3339.ts';
import type { AssessContext } from '../context.ts';
import { listed } from '../figures.ts';
import { mayWrite } from '../../layout/written-files.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import type { Layout } from '../../layout/layout.ts';
import { nameFault } from '../../x509/general-name.ts';
import { reasons, type ReasonCode } from '../../reason.ts';

/*
 * What is found of the node as a whole, beside its entries: a clock that is not believed, a set that is lost, names that no
 * certificate can hold, a configuration of the product that cannot be read.
 */

/** The finding about a clock that is not believed; undefined when it is. */
export function clockFinding(clock: ClockBelief, now: number): Finding | undefined {
  if (clock.believed) return undefined;
  const [sentence = 'the clock is not believed'] = clock.evidence;
  const remedy =
    'nothing is issued or replaced until the clock is synchronised or corrected; if it is right, confirm it with --believe-clock';
  return {
    code: clock.verdict === 'behind' ? 'ClockBehind' : 'ClockAheadSuspect',
    id: undefined,
    path: undefined,
    severity: 'warning',
    message: `${sentence}; ${remedy}`,
    evidence: { now: instant(now), ...(clock.bound === undefined ? {} : { bound: instant(clock.bound) }) },
    answer: 'wait',
  };
}

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

/**
 * Names that the product's configuration asks for and that no certificate can hold. They are told while there is time,
 * with the line they come from, and left out of what is issued: one wrong name must not keep a node from coming back.
 */
export function unusableNames({ layout }: Inventory): readonly Finding[] {
  const wanted = new Map<string, string[]>();
  for (const entry of layout.entries) {
    if (entry.kind !== 'leaf' || !mayWrite(entry)) continue;
    for (const name of entry.identity.dnsNames)
      if (nameFault(name) !== undefined) wanted.set(name, [...(wanted.get(name) ?? []), entry.id]);
  }
  return [...wanted].map(([name, ids]) => unusableName(name, ids, layout));
}

function unusableName(name: string, ids: readonly string[], layout: Layout): Finding {
  const quoted = JSON.stringify(name);
  const setting = layout.settings.find(({ value }) => value === name) ?? layout.settings.find(isPartOf(name));
  const from = setting === undefined ? '' : ` (${setting.key}, ${setting.origin})`;
  const fault = nameFault(name) ?? '';
  const form = fault.includes('ASCII') ? 'write its ASCII form (xn--…)' : 'correct it';
  return {
    code: 'SanUnusable',
    id: undefined,
    path: pathOf(setting?.origin),
    severity: 'warning',
    message:
      `the name ${quoted}${from} is not allowed in a certificate, since it ${fault}: certmend leaves it out of ` +
      `${listed(ids)}, and ${layout.product} may fail to start with it; ${form} there, or remove it`,
    evidence: { name, fault, setting: setting?.key ?? '', origin: setting?.origin ?? '', entries: ids.join(', ') },
    answer: 'operator',
  };
}

/** `kubernetes.default.svc.` and the cluster's domain make one name. */
function isPartOf(name: string): (setting: { readonly value: string }) => boolean {
  return ({ value }) => value !== '' && nameFault(value) !== undefined && name.includes(value);
}

/** The file of `/etc/rancher/rke2/config.yaml:4`; undefined for what comes from no file. */
function pathOf(origin: string | undefined): string | undefined {
  return /^(\/.*?)(:\d+)?$/.exec(origin ?? '')?.[1];
}

/**
 * Findings that rest on what only the product's configuration says: names, ports, and what this node needs at all. Also
 * what is merely due, and what the product makes anew at its start: nothing of it keeps a node down.
 */
function restsOnConfiguration(code: ReasonCode): boolean {
  const { about, nature } = reasons[code];
  if (about !== 'leaf' && about !== 'kubeconfig') return false;
  return nature === 'drift' || nature === 'ending' || nature === 'missing';
}

/**
 * The findings of a node whose product configuration cannot be read: that itself, and of the others only what is plainly
 * broken is still answered. A wrong set would be made with half of the names; an emptied certificate is healed with those
 * that are known from its neighbours and from earlier runs.
 */
export function weakenedFindings(findings: readonly Finding[], layout: Layout): readonly Finding[] {
  if (layout.weakened === undefined) return findings;
  const { problem, hint } = layout.weakened;
  const unreadable: Finding = {
    code: 'ConfigurationUnreadable',
    id: undefined,
    path: undefined,
    severity: 'critical',
    message: `${problem}; only what is clearly broken is repaired, using the last known settings (data in ${layout.dataDir}, node ${layout.nodeName}) and the names on disk. ${hint}`,
    evidence: { problem, dataDir: layout.dataDir, nodeName: layout.nodeName },
    answer: 'operator',
  };
  return [
    unreadable,
    ...findings.map((finding): Finding => {
      const isMerelyDue = finding.code === 'ListenerExpired' && finding.severity !== 'critical';
      if (!(restsOnConfiguration(finding.code) || isMerelyDue) || finding.answer === 'operator') return finding;
      return {
        ...finding,
        blocked: undefined,
        severity: finding.severity === 'critical' ? 'warning' : finding.severity,
        answer: 'none',
      };
    }),
  ];
}
