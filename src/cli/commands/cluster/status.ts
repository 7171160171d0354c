import { loadMemory, memoryProblem } from '../../../cluster/memory.ts';
import { compose } from '../../../composition.ts';
import type { ExitStatus } from '../../../error.ts';
import { clusterStatus, clusterText } from '../../../report/cluster/status.ts';
import type { Arguments } from '../../command.ts';
import type { Io } from '../../io.ts';
import { paperOf, print } from '../../print.ts';
import { ofCluster } from '../../status-of.ts';

/** What the daemon remembers of it: the API server is not asked. */
export async function run(args: Arguments, io: Io): Promise<ExitStatus> {
  const ports = await compose(args, io, { askSystemd: false });
  const report = clusterStatus({
    setting: ports.config.cluster.report,
    memory: loadMemory(ports.reader),
    unread: memoryProblem(ports.reader),
    now: ports.clock.now(),
    root: ports.root,
  });
  print(args, io, report, () => clusterText(report, paperOf(io)));
  return ofCluster(report);
}
