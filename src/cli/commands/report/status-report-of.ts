import { composeExaminer } from '../../../composition-tools.ts';
import { ownPaths } from '../../../disk/own-paths.ts';
import { bootHook } from '../../../doctor/boot-hook.ts';
import { daemonAlive } from '../../../doctor/daemon-alive.ts';
import { statusReport, type StatusReport } from '../../../report/status.ts';
import { afterAssessment, emptyState } from '../../../state/transitions.ts';
import type { Ports } from '../../../survey/ports.ts';
import type { Survey } from '../../../survey/survey.ts';
import type { Io } from '../../io.ts';
import { agentReportOf, liveReportOf } from '../live-report-of.ts';

/** The document of `status`, of a look that covers the standby too. */
export async function statusReportOf(ports: Ports, seen: Survey, io: Io): Promise<StatusReport> {
  const { layout, assessment, loaded } = seen;
  const { machineId } = ports.host;
  const node = { machineId, nodeName: layout.nodeName, layout: layout.name, dataDir: layout.dataDir };
  const before = loaded.kind === 'loaded' ? loaded.state : emptyState(node, assessment.now);
  const examiner = await composeExaminer(ports.root, io);
  const machine = [
    bootHook(ports.reader, layout, ports.config.boot.enabled),
    ...daemonAlive(examiner.daemonUnit()),
  ].flatMap(({ check, level, message, hint }) => (level === 'ok' ? [] : [{ check, message, hint: hint ?? null }]));
  return statusReport({
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
}
