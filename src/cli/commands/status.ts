import { compose, composeExaminer } from '../../composition.ts';
import { ownPaths } from '../../disk/own-paths.ts';
import { exitStatus, type ExitStatus } from '../../error.ts';
import { bootHook } from '../../doctor/boot-hook.ts';
import { daemonAlive } from '../../doctor/daemon-alive.ts';
import { surveyWithStandby } from '../../survey/survey-with-standby.ts';
import { statusReport, statusText } from '../../report/status.ts';
import { afterAssessment, emptyState } from '../../state/transitions.ts';
import type { Arguments } from '../command.ts';
import { ofHealth } from '../status-of.ts';
import type { Io } from '../io.ts';
import { paperOf, print } from '../print.ts';
import { agentReportOf, liveReportOf } from './live-report-of.ts';
import { tellLayout } from './tell-layout.ts';

export async function run(args: Arguments, io: Io): Promise<ExitStatus> {
  const ports = await compose(args, io, { askSystemd: true });
  tellLayout(ports, args, io);
  const seen = await surveyWithStandby(ports);
  const { layout, assessment, loaded } = seen;
  const { machineId } = ports.host;
  const node = { machineId, nodeName: layout.nodeName, layout: layout.name, dataDir: layout.dataDir };
  const before = loaded.kind === 'loaded' ? loaded.state : emptyState(node, assessment.now);
  const examiner = await composeExaminer(ports.root, io);
  const machine = [
    bootHook(ports.reader, layout, ports.config.boot.enabled),
    ...daemonAlive(examiner.daemonUnit()),
  ].flatMap(({ check, level, message, hint }) => (level === 'ok' ? [] : [{ check, message, hint: hint ?? null }]));
  const report = statusReport({
    // What is said is what is on disk now, not what the last run saw; nothing of it is saved.
    state: afterAssessment(before, seen),
    now: assessment.now,
    root: ports.root,
    maxCommitsPerDay: ports.config.brake.maxCommitsPerDay,
    machine,
    rows: assessment.rows,
    liveRenewal: liveReportOf(ports, seen),
    agentRenewal: agentReportOf(ports, seen),
    backup: seen.lastBackup,
    unread: loaded.kind === 'unread' ? `${ownPaths.state} ${loaded.problem}` : undefined,
  });
  print(args, io, report, () => statusText(report, paperOf(io)));
  // As `check`: of nothing at all nobody can tell.
  return assessment.rows.length === 0 ? exitStatus.unknown : ofHealth(assessment.health.level);
}
