import { compose } from '../composition.ts';
import { exitStatus, type ExitStatus } from '../error.ts';
import { listGenerations } from '../generation/list.ts';
import { generationsReport } from '../report/generations-report.ts';
import { generationsText } from '../report/generations-text.ts';
import { loadState } from '../state/load-state.ts';
import type { Arguments } from './command.ts';
import type { Io } from './io.ts';
import { print } from './print.ts';
import { paperOf } from './paper-of.ts';

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
  return exitStatus.ok;
}
