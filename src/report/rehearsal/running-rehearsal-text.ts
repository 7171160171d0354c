import { paint, printable, type Paper } from '../../terminal/paper.ts';
import { instantOf, minute } from '../../time/rfc3339.ts';
import { minuteMs } from '../../time/units.ts';
import { liveText } from '../live.ts';
import { firstOfEach, stateText } from './rehearsal.ts';
import type { LeftOver } from '../left-over.ts';
import type { RehearsedRenewalReport, RunningRehearsalReport } from './running-rehearsal.ts';

const leftWords: Readonly<Record<LeftOver['what'], string>> = {
  restart: 'restart due by',
  listener: 'listener until',
  agent: 'agent part until',
  kubeconfig: 'kubeconfig of users until',
  authority: 'authorities until',
};

/** The human form: when the daemon renews, each renewal, the node after them, what is left, and what was assumed. */
export function runningRehearsalText(report: RunningRehearsalReport, paper: Paper): string {
  const { layout, now, at, liveRenewal, renewals, stoppedAt, left } = report;
  const verdict = report.keepsRunning
    ? paint('the node would keep running', 'green', paper)
    : paint('the node would NOT keep running by itself', 'red', paper);
  const isNow = (instantOf(at) ?? 0) - (instantOf(now) ?? 0) < minuteMs;
  const lines = [
    `rehearsal of ${layout} while it runs, ${isNow ? 'now' : `until ${when(at)}`}, on a copy; the node was only read`,
    `  daemon   ${printable(liveText(liveRenewal, instantOf(now) ?? 0))}`,
    ...appointmentLines(report),
    `  before   ${stateText(report.before)}${isNow ? '' : ', if nothing is renewed'}`,
    ...renewals.flatMap(renewalLines),
    ...(stoppedAt === null
      ? []
      : [`  STOPPED  at ${when(stoppedAt)}, after ${String(renewals.length)} renewals: the rest is not rehearsed`]),
    `  after    ${stateText(report.after)}`,
    ...firstOfEach(report.after.health.reasons),
    ...left.map(
      ({ what, id, before }, index) =>
        `${index === 0 ? '  left     ' : '           '}${leftWords[what]} ${when(before)}: ${printable(id)}`,
    ),
    ...report.notRehearsed.map(
      (sentence, index) => `${index === 0 ? '  assumed  ' : '           '}${printable(sentence)}`,
    ),
    verdict,
  ];
  return `${lines.join('\n')}\n`;
}

/** What `liveText` does not say: the end itself, and the window that it waits for. */
function appointmentLines({ appointment, liveRenewal, renewals }: RunningRehearsalReport): readonly string[] {
  if (appointment === null) return [];
  const { first, expires, emergencyFrom, at } = appointment;
  const windows =
    liveRenewal.nextWindow === null ? '' : `; from ${when(emergencyFrom)} on it waits for no maintenance window`;
  const planned = at === null || renewals.length > 0 ? '' : `, renewed at ${when(at)}`;
  return [`             ${printable(first)}: expires at ${when(expires)}${planned}${windows}`];
}

function renewalLines({
  at,
  phase,
  decision,
  reasons,
  hint,
  changed,
  inPlace,
  notes,
}: RehearsedRenewalReport): readonly string[] {
  const what =
    decision === 'refused'
      ? 'NOT renewed'
      : `renewed with the existing keys, verified: ${String(changed.length)} files, ${String(inPlace.length)} of them in place`;
  return [
    `  renewal  ${when(at)}${phase === 'emergency' ? ', without waiting for a window' : ''}: ${what}`,
    ...firstOfEach(reasons),
    ...(hint === null ? [] : [`             ${printable(hint)}`]),
    ...notes.map((note) => `             ${printable(note)}`),
  ];
}

function when(at: string): string {
  return minute(instantOf(at) ?? 0);
}
