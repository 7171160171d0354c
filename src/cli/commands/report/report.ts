import { version } from '../../../build-info.ts';
import { compose, fromWorkingDirectory } from '../../../composition.ts';
import { composePage } from '../../../composition-tools.ts';
import { ownPaths } from '../../../disk/own-paths.ts';
import { CertmendError, exitStatus, type ExitStatus } from '../../../error.ts';
import type { Layout } from '../../../layout/layout.ts';
import { auditLines } from '../../../report/page/audit-lines.ts';
import { checkReport } from '../../../report/check.ts';
import { pageWritten, pageWrittenText } from '../../../report/page/page-written.ts';
import { nodePage, pageMark } from '../../../report/page/page.ts';
import { surveyWithStandby } from '../../../survey/survey-with-standby.ts';
import type { Arguments } from '../../command.ts';
import type { Io } from '../../io.ts';
import { print } from '../../print.ts';
import { authorityReportOf } from '../ca/authority-report-of.ts';
import { planReportOf } from './plan-report-of.ts';
import { statusReportOf } from './status-report-of.ts';
import { tellLayout } from '../tell-layout.ts';

const mostAuditLines = 100;

/** The page is made of the documents that `check`, `status`, `plan` and `ca status` print. */
export async function run(args: Arguments & { readonly html: string }, io: Io): Promise<ExitStatus> {
  const toStandardOutput = args.html === '-';
  if (toStandardOutput && args.output !== 'table') {
    throw new CertmendError('Usage', `--html - and -o ${args.output} would both go to standard output`, {
      exit: exitStatus.usage,
      hint: 'write the page to a file, or leave -o out',
    });
  }
  const ports = await compose(args, io, { askSystemd: true });
  tellLayout(ports, args, io);
  const seen = await surveyWithStandby(ports);
  const { layout, assessment, settings, loaded } = seen;
  const { auditTail, writePage } = await composePage(ports.root);
  const tail = auditTail();
  const status = await statusReportOf(ports, seen, io);
  const page = nodePage({
    version,
    check: checkReport({ assessment, layout, root: ports.root }),
    status,
    // As the boot hook: without its memory certmend decides nothing. The page is still worth having.
    plan: loaded.kind === 'unread' ? undefined : (await planReportOf(ports)).report,
    unit: layout.unit,
    authorities: authorityReportOf(ports, layout).report,
    renewBeforeDays: settings.renewBeforeDays,
    audit: tail === undefined ? undefined : auditLines(tail, mostAuditLines),
  });
  if (toStandardOutput) {
    io.stdout.write(page);
    return exitStatus.ok;
  }
  const file = fromWorkingDirectory(args.html);
  writePage(file, page, pageMark, placesOf(layout));
  const written = pageWritten({ status, file, bytes: Buffer.byteLength(page) });
  print(args, io, written, () => pageWrittenText(written));
  return exitStatus.ok;
}

/** What belongs to the node and to certmend. */
function placesOf({ dataDir, protectedPaths }: Layout): readonly string[] {
  const { configDirectory, config, stateDirectory, runDirectory } = ownPaths;
  return [dataDir, ...protectedPaths, config, configDirectory, stateDirectory, runDirectory];
}
