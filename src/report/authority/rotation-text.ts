import { renderTable, type Column } from '../../terminal/table.ts';
import { paint, type Paper, printable } from '../../terminal/paper.ts';
import { headLine, rootFact, wrap } from '../../terminal/report-lines.ts';
import { wholeSeconds } from '../../time/span.ts';
import type { AuthorityRotationPlan, AuthorityRotationReport, PlannedAuthority } from './rotation.ts';

const columns: readonly Column[] = [
  { title: 'AUTHORITY' },
  { title: 'EXPIRES' },
  { title: 'WILL EXPIRE' },
  { title: 'UNDER', least: 24 },
  { title: 'OLD NODES TRUST IT', least: 18 },
];

/** The human form of an `AuthorityRotationPlan`. */
export function rotationPlanText(plan: AuthorityRotationPlan, paper: Paper): string {
  const { decision, layout, nodeName, root, at, authorities, obstacles } = plan;
  const count = `${String(authorities.length)} new ${authorities.length === 1 ? 'authority' : 'authorities'}`;
  const verdict = decision === 'rotate' ? `would rotate: ${count}` : 'would be refused';
  const facts = [nodeName === '' ? layout : `${layout} on ${nodeName}`, ...rootFact(root), wholeSeconds(at)];
  const head = headLine(verdict, decision === 'rotate' ? 'green' : 'yellow', facts, paper);
  const table = renderTable(columns, authorities.map(rowOf), paper);
  return `${head}\n${table}\n${lines([...obstacles.map((text): Line => ['in the way', text]), ...sentences(plan)], paper)}`;
}

function rowOf({ id, notAfter, way, root, crossSignedUntil }: PlannedAuthority): readonly { readonly text: string }[] {
  const name = root ?? '';
  const under = { intermediate: `${name}, as before`, 'new-root': `a new root, ${name}`, given: `${name}, as given` }[
    way
  ];
  return [
    { text: id },
    { text: notAfter.before.slice(0, 10) },
    { text: notAfter.after.slice(0, 10) },
    { text: printable(under) },
    { text: crossSignedUntil === null ? 'as before' : `until ${crossSignedUntil.slice(0, 10)}` },
  ];
}

type Line = readonly [name: string, text: string];

function sentences({ handshakes, token, restart, unit, copies, layout }: AuthorityRotationPlan): readonly Line[] {
  const product = layout.split('-')[0] ?? layout;
  const who = {
    'this-server': `this server: systemctl restart ${unit}`,
    'other-servers': 'the other servers, one at a time, each when the one before is Ready',
    agents: 'the agents',
    pods: 'pods that mount kube-root-ca.crt and do not read it again',
  };
  return [
    [
      'proven',
      `in memory, by the rules of ${product} and ${String(handshakes)} TLS handshakes between nodes with the old and with the new files; nothing was written`,
    ],
    [
      'sent',
      `to the server on this node, which puts them into the datastore of the cluster; its files change when it is restarted, which certmend leaves to you`,
    ],
    ['old leaves', 'stay good: the old authorities stay in the files until they end'],
    [
      'token',
      token.changes
        ? 'changes: every node that has the full one (K10…) in its settings needs the new one before its restart; it is written to a file before anything is restarted'
        : 'stays, and with it the settings of every node',
    ],
    ...restart.map((one, index): Line => [index === 0 ? 'restart' : '', `${String(index + 1)}. ${who[one]}`]),
    [
      'way back',
      `the old set is kept in ${copies} (0600) until the rotation is finished; certmend ca rotate --abort sends it back as long as no server was restarted`,
    ],
  ];
}

/** The human form of an `AuthorityRotation`. */
export function rotationText(report: AuthorityRotationReport, paper: Paper): string {
  const { step, layout, nodeName, root, at, waiting, next, token, notes } = report;
  const facts = [nodeName === '' ? layout : `${layout} on ${nodeName}`, ...rootFact(root), wholeSeconds(at)];
  const isOver = step === 'finished' || step === 'withdrawn';
  const head = headLine(verdicts[step], isOver ? 'green' : 'yellow', facts, paper);
  const files = token.files.join(', ');
  const told: readonly Line[] = [
    ...waiting.map((text, index): Line => [index === 0 ? 'waits for' : '', text]),
    ...next.map(({ what, command }, index): Line => [
      index === 0 ? 'next' : '',
      `${String(index + 1)}. ${what}${command === null ? '' : `: ${command}`}`,
    ]),
    ...(token.changes && !isOver
      ? [['token', `the new one is in ${files}: hand it to the nodes, and to nobody else`] as const]
      : []),
    ...(step === 'finished' ? [['old root', oldRoot(report)] as const] : []),
    ...notes.map((note): Line => ['', note]),
  ];
  return `${head}${told.length === 0 ? '' : `\n${lines(told, paper)}`}`;
}

const verdicts: Readonly<Record<AuthorityRotationReport['step'], string>> = {
  sending: 'not known whether the new authorities were taken',
  stored: 'the new authorities are in the datastore',
  'this-server': 'this server runs with the new authorities',
  servers: 'the servers run with the new authorities',
  finished: 'the rotation is finished',
  withdrawing: 'not known whether the old authorities were taken back',
  withdrawn: 'the rotation was taken back: nothing has changed',
};

function oldRoot({ authorities }: AuthorityRotationReport): string {
  const ends = authorities.flatMap(({ crossSignedUntil }) => crossSignedUntil ?? []).toSorted();
  if (ends.length === 0) return 'there is none that has to go: the root is the same';
  return `stays in the files, and what it signed stays good; a leaf lasts a year, so after that nothing hangs on it, and the next rotation leaves it out once it has ended (${ends[0]?.slice(0, 10) ?? ''})`;
}

const indent = 13;

function lines(all: readonly Line[], paper: Paper): string {
  const width = (paper.columns ?? Infinity) - indent;
  return all
    .map(([name, text]) => {
      const body = wrap(printable(text), width, ' '.repeat(indent));
      return `  ${paint(name.padEnd(indent - 3), 'faint', paper)} ${body}\n`;
    })
    .join('');
}
