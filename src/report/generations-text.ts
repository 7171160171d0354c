import type { GenerationsReport } from './generations-report.ts';
import type { Paper } from './paper.ts';
import { renderTable } from './table.ts';

export function generationsText(report: GenerationsReport, paper: Paper): string {
  if (report.generations.length === 0) {
    return 'no generations are kept: nothing was rotated yet and no standby was prepared\n';
  }
  return renderTable(
    [
      { title: 'GENERATION', align: 'right' },
      { title: 'ROLE' },
      { title: 'ORIGIN' },
      { title: 'CREATED', rank: 1 },
      { title: 'GOOD UNTIL' },
      { title: 'CERTIFICATES', align: 'right', rank: 2 },
      { title: 'PROBLEM', least: 20 },
    ],
    report.generations.map(({ number, roles, origin, createdAt, notAfter, certificates, problem }) => [
      { text: String(number) },
      { text: roles.join(', ') },
      { text: origin ?? '' },
      { text: createdAt?.slice(0, 10) ?? '' },
      { text: notAfter?.slice(0, 10) ?? '' },
      { text: certificates === null ? '' : String(certificates) },
      { text: problem ?? '', ink: problem === null ? undefined : 'red' },
    ]),
    paper,
  );
}
