import { paint, type Paper } from './paper.ts';
import { printable } from './printable.ts';
import type { RehearsalReport, RehearsedState } from './rehearsal-report.ts';

export function rehearsalText(report: RehearsalReport, paper: Paper): string {
  const verdict = report.comesBack
    ? paint('the node would come back by itself', 'green', paper)
    : paint('the node would NOT come back by itself', 'red', paper);
  const by =
    report.origin === null
      ? ''
      : `, from ${report.origin === 'issued' ? 'freshly issued material' : `the ${report.origin} generation`}`;
  const lines = [
    `rehearsal at ${report.at} on a copy of ${report.layout}; the node was only read`,
    `  before   ${stateText(report.before)}`,
    `  hook     ${report.decision}${by}${report.changed.length === 0 ? '' : `, ${String(report.changed.length)} files`}`,
    ...firstOfEach(report.reasons),
    ...(report.clockWaitSeconds === null
      ? []
      : [
          `             (at a boot it first waits up to ${String(report.clockWaitSeconds)} s for the clock to be set right)`,
        ]),
    `  after    ${stateText(report.after)}`,
    ...firstOfEach(report.after.health.reasons),
    verdict,
  ];
  return `${lines.join('\n')}\n`;
}

function stateText({ health, expired, remadeAtStart, certificates }: RehearsedState): string {
  const remade = remadeAtStart === 0 ? '' : `, ${String(remadeAtStart)} more that the service makes anew as it starts`;
  return `${health.level}: ${String(expired)} of ${String(certificates)} certificates expired${remade}`;
}

/** After a year in a box all certificates say the same thing: one line a code. */
function firstOfEach(reasons: readonly { readonly code: string; readonly message: string }[]): readonly string[] {
  return [...Map.groupBy(reasons, ({ code }) => code)].map(([code, [first, ...others]]) => {
    const more = others.length === 0 ? '' : ` (and ${String(others.length)} more)`;
    return `             ${code}: ${printable(first?.message ?? '')}${more}`;
  });
}
