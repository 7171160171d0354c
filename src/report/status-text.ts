import { instantOf } from '../state/rfc3339.ts';
import type { GenerationReference, StateEvent } from '../state/state.ts';
import { distanceText, durationText, wholeSeconds } from './duration.ts';
import { headLine } from './head-line.ts';
import { paint, type Paper } from './paper.ts';
import { printable } from './printable.ts';
import { reasonLines } from './reason-lines.ts';
import type { StatusReport } from './status-report.ts';
import { renderTable } from './table.ts';
import { healthInk } from './check-text.ts';

const shownEvents = 8;

/** The human form of a `Status`: the one line, the facts behind it, what is wrong, and the last events. */
export function statusText(report: StatusReport, paper: Paper): string {
  const { line, node, health, events, at } = report;
  const now = instantOf(at) ?? 0;
  const [verdict = '', ...parts] = line.split(' · ');
  const head = headLine(verdict, health === null ? undefined : healthInk[health.level], parts, paper);
  if (node === null || health === null) return head;
  const facts = [
    ['node', [node.nodeName, node.layout, node.dataDir].filter((part) => part !== '').join(' · ')],
    ['since', `${wholeSeconds(health.since)} (${durationText(now - (instantOf(health.since) ?? now))})`],
    [
      'last check',
      report.lastCheck === null
        ? 'never'
        : `${wholeSeconds(report.lastCheck)} (${durationText(now - (instantOf(report.lastCheck) ?? now))} ago)`,
    ],
    ['next end', report.next === null ? 'nothing known' : `${report.next.id} · ${dated(report.next.at, now)}`],
    ...(report.unread === null ? remembered(report, now) : [['memory', report.unread] as const]),
  ] as const;
  const lines = facts
    .map(([name, value]) => `  ${paint(name.padEnd(11), 'faint', paper)} ${printable(value)}\n`)
    .join('');
  const reasons = health.reasons.length === 0 ? '' : `\n${reasonLines(health.reasons, paper)}`;
  const machine = report.machine
    .map(
      ({ check, message, hint }) =>
        `  ${paint(check.padEnd(11), 'yellow', paper)} ${printable(message)}${hint === null ? '' : `; ${printable(hint)}`}\n`,
    )
    .join('');
  return `${head}\n${lines}${machine}${reasons}${eventTable(events, paper)}`;
}

function remembered(report: StatusReport, now: number): readonly (readonly [string, string])[] {
  const { active, standby, previous } = report.generations;
  return [
    ['active', generation(active, now)],
    ['standby', generation(standby, now)],
    ['previous', generation(previous, now)],
    ['brake', `${String(report.commitsLastDay)} of ${String(report.maxCommitsPerDay)} commits in the last day`],
  ];
}

function dated(instant: string, now: number): string {
  return `${wholeSeconds(instant)} (${distanceText((instantOf(instant) ?? now) - now)})`;
}

function generation(reference: GenerationReference | null, now: number): string {
  if (reference === null) return 'none';
  const end = (instantOf(reference.notAfter) ?? now) - now;
  const validity = end < 0 ? `ended ${durationText(end)} ago` : `ends in ${durationText(end)}`;
  const live = reference.committedAt === null ? [] : [`live since ${wholeSeconds(reference.committedAt)}`];
  return [`generation ${String(reference.number)}`, reference.origin, ...live, validity].join(' · ');
}

function eventTable(events: readonly StateEvent[], paper: Paper): string {
  if (events.length === 0) return '';
  const columns = [{ title: 'TIME' }, { title: 'EVENT', rank: 1 }, { title: 'MESSAGE', least: 40 }];
  const rows = events
    .slice(-shownEvents)
    .map(({ at, event, message }) => [{ text: wholeSeconds(at) }, { text: event }, { text: message }]);
  return `\n${renderTable(columns, rows, paper)}`;
}
