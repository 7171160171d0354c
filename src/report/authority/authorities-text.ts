import type { AuthorityShape } from '../../assess/authority/authority-shape.ts';
import { knownLayouts, type Role } from '../../layout/names.ts';
import { healthInk } from '../check.ts';
import { instantOf } from '../../time/rfc3339.ts';
import { distanceText, wholeSeconds } from '../../time/span.ts';
import { headLine, reasonLines, rootFact, wrap } from '../../terminal/report-lines.ts';
import { paint, type Paper, printable } from '../../terminal/paper.ts';
import { renderTable, type Cell, type Column } from '../../terminal/table.ts';
import type { AuthorityReport, ReportedAuthority, ReportedToken } from './authorities.ts';

const columns: readonly Column[] = [
  { title: 'AUTHORITY' },
  { title: 'EXPIRES' },
  { title: 'LEAVES UNTIL' },
  { title: 'SHAPE', least: 24 },
  { title: 'KEY', least: 12 },
  { title: 'USED BY', least: 10, rank: 1 },
];

/**
 * The human form of an `AuthorityReport`: the verdict, a row for each authority, then what a person who plans a rotation
 * asks, a short sentence each, and what is wrong.
 * @param unit of the node's own service
 */
export function authorityText(report: AuthorityReport, unit: string, paper: Paper): string {
  const { level, authorities, layout, nodeName, at, root, reasons } = report;
  const facts = [nodeName === '' ? layout : `${layout} on ${nodeName}`, ...rootFact(root), wholeSeconds(at)];
  if (level === 'unknown') return headLine('no authorities', 'yellow', facts, paper);
  const head = headLine(verdicts[level], healthInk[level], facts, paper);
  const table = renderTable(columns, authorities.map(rowOf), paper);
  const width = (paper.columns ?? Infinity) - indent;
  const lines = sentences(report, unit).map(([name, text]) => {
    const body = wrap(printable(text), width, ' '.repeat(indent));
    return `  ${paint(name.padEnd(indent - 3), 'faint', paper)} ${body}\n`;
  });
  const wrong = reasons.length === 0 ? '' : `\n${reasonLines(reasons, paper)}`;
  return `${head}\n${table}\n${lines.join('')}${wrong}`;
}

const indent = 13;

const verdicts = { ok: 'nothing to do', warning: 'WARNING', critical: 'CRITICAL' } as const;

function rowOf({ id, state, notAfter, effectiveNotAfter, key, usedBy, ...view }: ReportedAuthority): readonly Cell[] {
  return [
    { text: id },
    { text: notAfter?.slice(0, 10) ?? '' },
    { text: effectiveNotAfter?.slice(0, 10) ?? '' },
    { text: view.shape === null ? state.toUpperCase() : shapeText(view.shape, view.roots.length) },
    { text: keyTexts[key.state](key.algorithm ?? '') },
    { text: usedBy.join(', ') },
  ];
}

function shapeText(shape: AuthorityShape, roots: number): string {
  switch (shape) {
    case 'self-signed':
      return 'self-signed, alone';
    case 'root-and-intermediate':
      return roots > 1 ? `intermediate, ${roots} roots` : 'intermediate and root';
    case 'cross-signed':
      return `rotated, cross-signed, ${roots} ${roots === 1 ? 'root' : 'roots'}`;
    case 'several-roots':
      return `self-signed, ${roots} roots`;
    case 'root-elsewhere':
      return 'its root is not in the file';
  }
}

const keyTexts: Readonly<Record<ReportedAuthority['key']['state'], (algorithm: string) => string>> = {
  fits: (algorithm) => `here, ${algorithm}`,
  differs: (algorithm) => `of another, ${algorithm}`,
  missing: () => 'missing',
  unreadable: () => 'unreadable',
  elsewhere: () => 'not on agents',
};

type Line = readonly [name: string, text: string];

function sentences(report: AuthorityReport, unit: string): readonly Line[] {
  const { rotation, token, datastore } = report;
  if (report.underWay !== null) return underWay(report.underWay);
  return [
    ...beginning(report),
    ...(datastore.kind === 'none' ? [] : [['datastore', datastoreText(datastore)] as const]),
    ...(rotation === null ? [] : [['rotation', rotationText(report)] as const]),
    ...(rotation?.restart ?? []).map((who, index): Line => [
      index === 0 ? 'restart' : '',
      `${String(index + 1)}. ${restartText(who, report, unit)}`,
    ]),
    ...(token === null ? [] : [['token', tokenText(token)] as const]),
  ];
}

/** What else there is to say of a rotation waits until this one is over. */
function underWay({ startedAt, step, reachedAt, next }: NonNullable<AuthorityReport['underWay']>): readonly Line[] {
  return [
    ['rotation', `under way since ${wholeSeconds(startedAt)}, at the step ${step} since ${wholeSeconds(reachedAt)}`],
    ...next.map(({ what, command }, index): Line => [
      index === 0 ? 'next' : '',
      `${String(index + 1)}. ${what}${command === null ? '' : `: ${command}`}`,
    ]),
  ];
}

function beginning({ firstEnd, beginAt, at }: AuthorityReport): readonly Line[] {
  const [now, begin, end] = [instantOf(at), instantOf(beginAt), instantOf(firstEnd)];
  if (now === undefined || begin === undefined || end === undefined) return [];
  const day = beginAt?.slice(0, 10) ?? '';
  const first = `the first of them ${end < now ? 'ended' : 'ends'} ${distanceText(end - now)}`;
  if (end <= now) return [['begin', `it is late: ${first}`]];
  if (begin <= now) return [['begin', `now: ${first}, and two years before that was ${day}`]];
  return [['begin', `on ${day}, ${distanceText(begin - now)}: two years before the first of them ends`]];
}

function datastoreText({ kind, evidence }: AuthorityReport['datastore']): string {
  const by = evidence === null ? '' : ` (${evidence})`;
  switch (kind) {
    case 'etcd':
      return `embedded etcd, a member is on this node${by}`;
    case 'sqlite':
      return `SQLite${by}`;
    case 'external':
      return `an external database${by}`;
    case 'etcd-elsewhere':
      return `embedded etcd on other servers${by}`;
    case 'none':
      return 'none: agents have none';
    case 'unknown':
      return 'not known: no file and no setting tells';
  }
}

function rotationText({ rotation, role, authorities }: AuthorityReport): string {
  const where = role === 'agent' ? ', on a server of the cluster' : '';
  const offline = authorities.some(({ renewal, roots }) => renewal === 'intermediate' && roots.some(isOffline));
  const rootKey = role === 'server' && offline ? '; the key of a root is not on this node and has to be brought' : '';
  return rotation?.token === 'stays'
    ? `quiet${where}: new intermediates under the same root, and the token stays${rootKey}`
    : `with a new token${where}: every node that has the full one (K10…) in its settings needs the new one before its ` +
        `restart; a bare password stays good${rootKey}`;
}

function isOffline({ keyHere }: ReportedAuthority['roots'][number]): boolean {
  return keyHere === false;
}

function restartText(who: 'servers' | 'agents' | 'pods', { layout, role }: AuthorityReport, unit: string): string {
  const of = (wanted: Role): string => (wanted === role ? unit : otherUnit(layout, wanted));
  switch (who) {
    case 'servers':
      return `the servers, one at a time, each when the one before is Ready: systemctl restart ${of('server')}`;
    case 'agents':
      return `the agents: systemctl restart ${of('agent')}`;
    case 'pods':
      return 'pods that mount kube-root-ca.crt and do not read it again';
  }
}

/** As the product's own installer names it. */
export function otherUnit(layout: string, role: Role): string {
  const product = knownLayouts.find(({ name }) => name === layout)?.product;
  return knownLayouts.find((other) => other.product === product && other.role === role)?.unit ?? '';
}

function tokenText({ caHash, over, path, state }: ReportedToken): string {
  const hashed = `its CA hash is ${caHash}, over ${over === 'file' ? 'the bytes of the file' : 'the root'}`;
  switch (state) {
    case 'agrees':
      return `${hashed}; ${path ?? ''} agrees`;
    case 'differs':
      return `${hashed}; ${path ?? ''} has another: it is written anew when the service starts`;
    case 'bare':
      return `${hashed}; ${path ?? ''} has no hash and pins nothing`;
    case 'missing':
      return `${hashed}; ${path ?? ''} cannot be read`;
    case 'elsewhere':
      return hashed;
  }
}
