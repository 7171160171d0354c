import { dayMs } from '../time/units.ts';
import type { Assessment } from '../assess/assessment.ts';
import type { State } from '../state/state.ts';
import { printable } from '../terminal/paper.ts';
import { instantOf, rfc3339 } from '../time/rfc3339.ts';
import { jsonText } from '../disk/json-text.ts';
import type { LastBackup } from '../state/last-backup.ts';
import { version } from '../build-info.ts';
import type { Snapshot } from './ports.ts';
import type { Check } from './reconcile.ts';

interface Run {
  readonly now: number;
  readonly durationMs: number;
  readonly checks: number;
  readonly cluster: ClusterTold | undefined;
}

/** What the cluster knows of the node; undefined while nothing is to be told. */
export interface ClusterTold {
  /** Milliseconds since the epoch; undefined when it was never told. */
  readonly at: number | undefined;
  readonly isFailing: boolean;
}

/**
 * What node_exporter and Prometheus read (text exposition format 0.0.4). Times are absolute, in seconds since the
 * epoch, so that an alert needs no knowledge of when they were taken. docs/metrics.md lists every name.
 *
 * @param seen undefined when there is no node to look after yet
 * @param run.now milliseconds since the epoch
 * @param run.durationMs of the check, milliseconds
 */
function metricsText(
  seen:
    | {
        readonly assessment: Assessment;
        readonly state: State;
        readonly nodeName: string;
        readonly lastBackup: LastBackup | undefined;
      }
    | undefined,
  run: Run & { readonly version: string },
): string {
  const families = [
    family('certmend_build_info', 'Version of the running certmend; always 1.', [[{ version: run.version }, 1]]),
    family('certmend_last_check_timestamp_seconds', 'Unix time of the last check, in seconds.', [[{}, run.now / 1000]]),
    family('certmend_check_duration_seconds', 'Duration of the last check, in seconds.', [[{}, run.durationMs / 1000]]),
    family('certmend_checks', 'Number of checks since the daemon started.', [[{}, run.checks]]),
    ...clusterFamilies(run.cluster),
    ...(seen === undefined ? [] : nodeFamilies(seen)),
  ];
  return `${families.join('\n')}\n`;
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

function nodeFamilies({
  assessment,
  state,
  lastBackup,
}: {
  readonly assessment: Assessment;
  readonly state: State;
  readonly lastBackup: LastBackup | undefined;
}): readonly string[] {
  const { rows, health, clock } = assessment;
  const { generations, brake } = state;
  const ends = (value: (row: Assessment['rows'][number]) => number | undefined): readonly Sample[] =>
    rows.flatMap((row): Sample[] => {
      const ms = value(row);
      return ms === undefined ? [] : [[{ id: row.id, role: row.role, path: row.path }, ms / 1000]];
    });
  const backedUpAt = instantOf(lastBackup?.succeededAt ?? null);
  const agent = state.agentRenewal;
  const dayAgo = assessment.now - dayMs;
  const numbers = Object.entries({
    active: generations.active,
    standby: generations.standby,
    previous: generations.previous,
  }).flatMap(([role, generation]) => (generation === null ? [] : [{ role, generation }]));
  return [
    family(
      'certmend_certificate_not_after_timestamp_seconds',
      'Unix time at which a certificate, or its authority if that is sooner, expires.',
      ends(({ effectiveNotAfter, notAfter }) => effectiveNotAfter ?? notAfter),
    ),
    family(
      'certmend_certificate_not_before_timestamp_seconds',
      'Unix time from which a certificate is valid.',
      ends(({ notBefore }) => notBefore),
    ),
    family(
      'certmend_certificate_status',
      'Status of a certificate, as a label; always 1.',
      rows.map(({ id, role, path, status }): Sample => [{ id, role, path, status }, 1]),
    ),
    family(
      'certmend_health',
      '1 for the current health level of the node, 0 for the other levels.',
      (['ok', 'warning', 'critical'] as const).map((level): Sample => [{ level }, health.level === level ? 1 : 0]),
    ),
    family(
      'certmend_health_since_timestamp_seconds',
      'Unix time since which the node has been at its current health level.',
      [[{}, (instantOf(state.health.since) ?? assessment.now) / 1000]],
    ),
    family(
      'certmend_reason',
      '1 for each reason why the node is not healthy.',
      health.reasons.map(({ code, id }): Sample => [{ code, id: id ?? '' }, 1]),
    ),
    family(
      'certmend_restart_before_timestamp_seconds',
      'Unix time before which the running service must be restarted to get new certificates; absent when no restart is due.',
      assessment.restart === undefined ? [] : [[{ id: assessment.restart.first }, assessment.restart.before / 1000]],
    ),
    family(
      'certmend_served_current',
      '1 if the certificate served on the port matches the file, 0 if not; absent when nothing answers.',
      rows.flatMap(({ id, served }): Sample[] => (served === undefined ? [] : [[{ id }, served.current ? 1 : 0]])),
    ),
    family(
      'certmend_served_not_after_timestamp_seconds',
      'Unix time at which the certificate served on the port expires.',
      rows.flatMap(({ id, served }): Sample[] => (served === undefined ? [] : [[{ id }, served.notAfter / 1000]])),
    ),
    family('certmend_clock_believed', '1 if the clock of the node is believed, 0 if not.', [
      [{}, clock.believed ? 1 : 0],
    ]),
    family(
      'certmend_generation',
      'Number of the active, standby and previous generation.',
      numbers.map(({ role, generation }): Sample => [{ role, origin: generation.origin }, generation.number]),
    ),
    family(
      'certmend_generation_not_after_timestamp_seconds',
      'Unix time at which the active, standby and previous generation expires.',
      numbers.map(({ role, generation }): Sample => [{ role }, (instantOf(generation.notAfter) ?? 0) / 1000]),
    ),
    family('certmend_standby_ready', '1 if a verified standby set is ready, 0 if not.', [
      [{}, generations.standby === null ? 0 : 1],
    ]),
    family(
      'certmend_live_renewal_timestamp_seconds',
      'Time of the last renewal while the service was running, in seconds since the epoch; absent when there was none.',
      state.renewal === null ? [] : [[{ phase: state.renewal.phase }, (instantOf(state.renewal.at) ?? 0) / 1000]],
    ),
    family(
      'certmend_live_renewal_outcome',
      '1 for the outcome of the last renewal while the service was running; absent when there was none.',
      state.renewal === null ? [] : [[{ outcome: state.renewal.outcome }, 1]],
    ),
    family(
      'certmend_live_renewal_held_until_timestamp_seconds',
      'Expiry of a certificate that a process read at its start and keeps until the service is restarted, in seconds since the epoch; absent when there is none.',
      assessment.heldUntil === undefined ? [] : [[{}, assessment.heldUntil / 1000]],
    ),
    family(
      'certmend_agent_renewal_timestamp_seconds',
      'Time of the last renewal of the agent part through a server, in seconds since the epoch; absent when there was none.',
      agent === null ? [] : [[{ phase: agent.phase }, (instantOf(agent.at) ?? 0) / 1000]],
    ),
    family(
      'certmend_agent_renewal_outcome',
      '1 for the outcome of the last renewal of the agent part through a server; absent when there was none.',
      agent === null ? [] : [[{ outcome: agent.outcome }, 1]],
    ),
    family(
      'certmend_backup_last_success_timestamp_seconds',
      'Time of the last backup that was made, in seconds since the epoch; absent when there was none.',
      backedUpAt === undefined ? [] : [[{}, backedUpAt / 1000]],
    ),
    family(
      'certmend_backup_failed',
      '1 if the last attempt to make a backup failed, 0 if not; absent when there was none.',
      lastBackup === undefined ? [] : [[{}, lastBackup.problem === null ? 0 : 1]],
    ),
    family('certmend_commits_last_day', 'Rotations in the last 24 hours that count towards brake.maxCommitsPerDay.', [
      [{}, brake.commits.filter((commit) => (instantOf(commit) ?? 0) > dayAgo).length],
    ]),
  ];
}

function clusterFamilies(cluster: ClusterTold | undefined): readonly string[] {
  return [
    family(
      'certmend_cluster_told_timestamp_seconds',
      'Unix time at which the cluster was last told of the certificates of this node; absent when cluster.report is off, or it never was.',
      cluster?.at === undefined ? [] : [[{}, cluster.at / 1000]],
    ),
    family(
      'certmend_cluster_report_failing',
      '1 if the last attempt to tell the cluster failed, 0 if not; absent when cluster.report is off.',
      cluster === undefined ? [] : [[{}, cluster.isFailing ? 1 : 0]],
    ),
  ];
}

function family(name: string, help: string, samples: readonly Sample[]): string {
  // Two of the same labels would make a collector refuse the whole file; names can be made to look the same.
  const values = new Map(samples.toReversed().map(([labels, value]) => [labelText(labels), value]));
  const lines = [...values].reverse().map(([labels, value]) => `${name}${labels} ${String(value)}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...lines].join('\n');
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

/** Backslash, quote and line end, as the format asks; it has no escape for what steers a terminal. */
function escaped(value: string): string {
  const lines = value.split('\n').map(printable);
  return lines.join('\n').replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** The figures of a check, as they are published. */
export function snapshotOf(result: Check, run: Run): Snapshot {
  const { now } = run;
  const at = rfc3339(now);
  if (result.kind === 'waiting') {
    return {
      metrics: metricsText(undefined, { ...run, version }),
      health: `${jsonText({ at, level: 'ok', waiting: result.reason })}\n`,
      healthy: true,
    };
  }
  const { survey, state, standbyProblem } = result;
  const { level, since, reasons } = state.health;
  return {
    metrics: metricsText(
      { assessment: survey.assessment, state, nodeName: survey.layout.nodeName, lastBackup: survey.lastBackup },
      { ...run, version },
    ),
    health: `${jsonText({ at, level, since, reasons, standbyProblem: standbyProblem ?? null })}\n`,
    healthy: level !== 'critical',
  };
}
