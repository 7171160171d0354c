import { compose } from '../../composition.ts';
import { ownPaths } from '../../disk/own-paths.ts';
import { unread } from '../../disk/file-reader.ts';
import { exitStatus, type ExitStatus } from '../../error.ts';
import { listGenerations } from '../../generation/load.ts';
import { generationsReport, generationsText } from '../../report/generations.ts';
import { loadState } from '../../state/load-state.ts';
import type { Arguments } from '../command.ts';
import type { Io } from '../io.ts';
import { print, paperOf } from '../print.ts';
import { sayFailure } from '../say-failure.ts';

export async function run(args: Arguments, io: Io): Promise<ExitStatus> {
  const ports = await compose(args, io, { askSystemd: false });
  const loaded = loadState(ports.reader);
  const report = generationsReport({
    root: ports.root,
    now: ports.clock.now(),
    state: loaded.kind === 'loaded' ? loaded.state : undefined,
    generations: listGenerations(ports.reader),
  });
  print(args, io, report, () => generationsText(report, paperOf(io)));
  if (loaded.kind !== 'unread') return exitStatus.ok;
  const failure = unread(
    ownPaths.state,
    loaded.problem,
    'which of them is active and which is the standby is not known',
  );
  sayFailure(failure, io);
  return failure.exit;
}
