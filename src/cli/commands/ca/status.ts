import { compose } from '../../../composition.ts';
import type { ExitStatus } from '../../../error.ts';
import { authorityText } from '../../../report/authority/authorities-text.ts';
import { findLayout } from '../../../survey/survey.ts';
import type { Arguments } from '../../command.ts';
import type { Io } from '../../io.ts';
import { paperOf, print } from '../../print.ts';
import { ofAuthorities } from '../../status-of.ts';
import { tellLayout } from '../tell-layout.ts';
import { authorityReportOf } from './authority-report-of.ts';

export async function run(args: Arguments & { readonly at: string | undefined }, io: Io): Promise<ExitStatus> {
  const ports = await compose(args, io, { askSystemd: false });
  tellLayout(ports, args, io);
  const layout = findLayout(ports);
  const { overview, report } = authorityReportOf(ports, layout);
  print(args, io, report, () => authorityText(report, layout.unit, paperOf(io)));
  return ofAuthorities(overview);
}
