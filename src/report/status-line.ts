import { reasons as reasonTable, type ReasonCode } from '../reason.ts';
import { instantOf } from '../time/rfc3339.ts';
import type { State } from '../state/state.ts';
import { distanceText, durationText } from '../time/span.ts';
import { printable } from '../terminal/paper.ts';

/** A message is somebody's sentence; the line is one line. */
const longestMessage = 100;

/** Of a node that has no certificate and misses none nothing is known to be healthy. */
export const newNode = 'new node';
export const firstStart = 'no certificates yet: the service creates them at its first start';

/**
 * The health of the node in one line (architecture, What people see): what `systemctl status certmend` shows.
 * @param now milliseconds since the epoch
 */
export function statusLine(state: State | undefined, now: number): string {
  if (state === undefined || state.lastCheck === null) return 'unknown · not checked yet · see: certmend check';
  const { level, reasons } = state.health;
  const [first, ...rest] = reasons;
  if (level === 'ok' || first === undefined) {
    if (certificateCount(state) === 0) return [`${newNode} · ${firstStart}`, ...interrupted(state)].join(' · ');
    return ['healthy', ...inventoryParts(state, now)].join(' · ');
  }
  const others = first.code === 'RestartDue' ? rest.filter(({ code }) => !isAnsweredByRestart(code)) : rest;
  const more = others.length === 0 ? [] : [`and ${String(others.length)} more`];
  const see = first.id === null ? 'see: certmend check' : `see: certmend why ${printable(first.id)}`;
  const head = level === 'critical' ? 'CRITICAL' : 'WARNING';
  return [head, trouble(state, first, now), ...more, ...interrupted(state), see].join(' · ');
}

function inventoryParts(state: State, now: number): readonly string[] {
  const count = certificateCount(state);
  const next = nextEnd(state, now);
  const { standby } = state.generations;
  return [
    `${String(count)} ${count === 1 ? 'certificate' : 'certificates'}`,
    ...(next === undefined ? [] : [`next: ${printable(next.id)} ${distanceText(next.at - now)}`]),
    standby === null ? 'no standby' : `standby ${String(standby.number)} ready`,
    ...interrupted(state),
  ];
}

function interrupted(state: State): readonly string[] {
  if (state.transaction === null) return [];
  const { generation } = state.transaction;
  // From the begin to the commit point there is no generation yet, and 0 is none that anybody could look for.
  return [generation === 0 ? 'a change was interrupted' : `commit ${String(generation)} open`];
}

function trouble(state: State, reason: State['health']['reasons'][number], now: number): string {
  const { code, id, message } = reason;
  const end = id === null ? undefined : instantOf((state.certificates[id] ?? state.authorities[id])?.notAfter ?? null);
  if (id !== null && end !== undefined && isAboutAnEnd(code)) {
    const left = end - now;
    return left < 0 ? `${id} expired ${durationText(left)} ago` : `${id} expires in ${durationText(left)}`;
  }
  const said = printable(code === 'RestartDue' ? (message.split(': ')[0] ?? message) : message);
  const named = id === null || said.includes(id) ? said : `${printable(id)}: ${said}`;
  return named.length <= longestMessage ? named : `${named.slice(0, longestMessage - 1)}…`;
}

/** What the order to restart is about: not more than that, only said once for each certificate. */
function isAnsweredByRestart(code: ReasonCode): boolean {
  const { about, nature } = reasonTable[code];
  return (about === 'leaf' && isAboutAnEnd(code)) || (about === 'kubeconfig' && nature === 'drift');
}

/** Said best as a distance, which is true at the moment of reading and not of the last check. */
function isAboutAnEnd(code: ReasonCode): boolean {
  const { nature } = reasonTable[code];
  return nature === 'over' || nature === 'ending';
}

/**
 * The certificate or authority that ends next. What has ended already is not next: either it is a reason of its own,
 * or the product makes it anew when it starts.
 * @param now milliseconds since the epoch, as is `at`
 */
export function nextEnd(state: State, now: number): { readonly id: string; readonly at: number } | undefined {
  const ends = Object.entries({ ...state.authorities, ...state.certificates }).flatMap(([id, { notAfter }]) => {
    const at = instantOf(notAfter);
    return at === undefined || at <= now ? [] : [{ id, at }];
  });
  return ends.toSorted((a, b) => a.at - b.at)[0];
}

/** Certificates, authorities included, that were on the node at the last check. */
export function certificateCount(state: State): number {
  return [...Object.values(state.certificates), ...Object.values(state.authorities)].filter(
    ({ fingerprint256 }) => fingerprint256 !== null,
  ).length;
}
