import type { Assessment, CertificateRow } from '../assess/assessment.ts';
import type { Entry, LeafEntry } from '../layout/entry.ts';
import { rfc3339 } from '../time/rfc3339.ts';

/** What no renewal reaches while the service runs, with its date. */
export interface LeftOver {
  /** `restart`: what the node needs and only a start renews. The others: the first of their kind that ends. */
  readonly what: 'restart' | 'listener' | 'agent' | 'kubeconfig' | 'authority';
  readonly id: string;
  readonly before: string;
}

export function leftOvers(
  entries: readonly Entry[],
  { rows, restart, heldUntil }: Pick<Assessment, 'rows' | 'restart' | 'heldUntil'>,
  isAgentPartRenewed: boolean,
): readonly LeftOver[] {
  const atStart = new Set(
    entries.flatMap((entry) => (entry.kind === 'leaf' && entry.reissuedAtStart ? [entry.id] : [])),
  );
  const agent = firstEnd('agent', rows, ({ id }) => atStart.has(id));
  const held = entries.find((entry) => entry.kind === 'leaf' && entry.readAtStartBy !== undefined);
  const restarts = [
    ...(restart === undefined ? [] : [{ id: restart.first, end: restart.before }]),
    ...(isAgentPartRenewed ? [] : agent),
    ...(held === undefined || heldUntil === undefined ? [] : [{ id: held.id, end: heldUntil }]),
  ].toSorted((left, right) => left.end - right.end);
  const found = [
    ...restarts.slice(0, 1).map(({ id, end }) => ({ what: 'restart', id, end }) as const),
    ...firstEnd('listener', rows, ({ role }) => role === 'listener'),
    ...agent,
    ...firstEnd('kubeconfig', rows, ({ role }) => role === 'kubeconfig'),
    ...firstEnd('authority', rows, ({ role }) => role === 'authority'),
  ];
  return found.map(({ what, id, end }) => ({ what, id, before: rfc3339(end) }));
}

function firstEnd<What extends LeftOver['what']>(
  what: What,
  rows: readonly CertificateRow[],
  isMeant: (row: CertificateRow) => boolean,
): readonly { readonly what: What; readonly id: string; readonly end: number }[] {
  return rows
    .flatMap((row) =>
      isMeant(row) && row.effectiveNotAfter !== undefined ? [{ what, id: row.id, end: row.effectiveNotAfter }] : [],
    )
    .toSorted((left, right) => left.end - right.end)
    .slice(0, 1);
}

interface Rehearsed {
  readonly layout: { readonly unit: string; readonly product: string; readonly entries: readonly Entry[] };
  readonly service: { readonly running: boolean | undefined; readonly answering: readonly number[] | undefined };
  readonly renewals: readonly { readonly outcome: unknown }[];
  readonly isAgentPartRenewed: boolean;
}

/** What only the service, or a server of the cluster, could answer: how it was assumed, or that it was left out. */
export function notRehearsed({ layout, service, renewals, isAgentPartRenewed }: Rehearsed): readonly string[] {
  const { unit, product, entries } = layout;
  const leaves = entries.filter((entry): entry is LeafEntry => entry.kind === 'leaf');
  const ports = entries.flatMap((entry) =>
    (entry.kind === 'leaf' || entry.kind === 'listener') && entry.port !== undefined ? [entry.port] : [],
  );
  const asked = leaves.flatMap(({ consumer, health }) =>
    health === undefined ? [] : [`${consumer} on ${String(health.port)}${health.path}`],
  );
  const parts = [
    [true, `certmend.service and ${unit} run until then, and ${unit} is not restarted; ${nowOf(service)}`],
    [
      ports.length > 0,
      `ports ${listedPorts(ports)} answer then, each with the certificate that is on disk; they are not asked`,
    ],
    [
      asked.length > 0,
      `the components that say whether they are healthy (${asked.join(', ')}) are healthy then; they are not asked. One that is not keeps the daemon from renewing`,
    ],
    [
      renewals.some(({ outcome }) => outcome !== undefined),
      'the node is healthy with the new certificates. The daemon watches that, and restores the old ones if it is not',
    ],
    [
      entries.some(({ kind }) => kind === 'listener'),
      `${product} renews its listener while it runs; the copy has the one of now`,
    ],
    [
      leaves.some(({ reissuedAtStart }) => reissuedAtStart),
      isAgentPartRenewed
        ? 'a server of the cluster signs the agent part again when the daemon asks for it; nobody is asked here, and the copy has the one of now'
        : `the agent part is the one of now until ${unit} is restarted`,
    ],
  ] as const;
  return parts.flatMap(([isSaid, sentence]) => (isSaid ? [sentence] : []));
}

function nowOf({ running, answering }: Rehearsed['service']): string {
  if (running === undefined) return 'whether it runs now could not be asked here';
  if (!running) return 'it does not run now';
  return answering === undefined || answering.length === 0
    ? 'it runs now, and none of its ports answers'
    : `it runs now, and ports ${listedPorts(answering)} answer`;
}

function listedPorts(ports: readonly number[]): string {
  return [...new Set(ports)].toSorted((left, right) => left - right).join(', ');
}
