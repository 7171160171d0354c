import { compose } from '../../composition.ts';
import type { ExitStatus } from '../../error.ts';
import { foresee } from '../../survey/foresee.ts';
import { prepareStandby } from '../../heal/prepare-standby.ts';
import { standbyReport, standbyText } from '../../report/standby.ts';
import type { Arguments } from '../command.ts';
import type { Io } from '../io.ts';
import { print } from '../print.ts';
import { ofStandby } from '../status-of.ts';

interface StandbyArguments extends Arguments {
  readonly action: 'show' | 'prepare' | 'verify' | undefined;
}

/** `show` and `verify` are the same act: a standby that was not proven a moment ago is not shown as ready. */
export async function run(args: StandbyArguments, io: Io): Promise<ExitStatus> {
  const ports = await compose(args, io, { askSystemd: false });
  const { action = 'show' } = args;
  const made = action === 'prepare' ? await prepareStandby(ports) : undefined;
  const { standby, survey } = await foresee(ports, { proveAfresh: action !== 'prepare' });
  const report = standbyReport({
    root: ports.root,
    now: survey.assessment.now,
    verdict: standby,
    made: made?.made ?? false,
  });
  print(args, io, report, () => standbyText(report));
  return ofStandby(standby);
}
