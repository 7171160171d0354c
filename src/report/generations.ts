import { rfc3339 } from '../time/rfc3339.ts';
import type { GenerationSummary } from '../generation/load.ts';
import type { State } from '../state/state.ts';
import { apiVersion, type DocumentHeader } from './document.ts';
import type { Paper } from '../terminal/paper.ts';
import { renderTable } from '../terminal/table.ts';

export interface GenerationsReport extends DocumentHeader<'GenerationList'> {
  readonly at: string;
  readonly root: string;
  readonly generations: readonly GenerationRow[];
}

export interface GenerationRow {
  readonly number: number;
  readonly roles: readonly ('active' | 'standby' | 'previous' | 'confirmed')[];
  readonly origin: string | null;
  readonly createdAt: string | null;
  readonly notAfter: string | null;
  readonly certificates: number | null;
  /** Null when it is whole; else why it cannot come back. */
  readonly problem: string | null;
}

/** @param input.now milliseconds since the epoch */
export function generationsReport(input: {
  readonly root: string;
  readonly now: number;
  readonly state: State | undefined;
  readonly generations: readonly GenerationSummary[];
}): GenerationsReport {
  const { root, now, state, generations } = input;
  return {
    apiVersion,
    kind: 'GenerationList',
    at: rfc3339(now),
    root,
    generations: generations.map((generation) => row(generation, state, now)),
  };
}

function row(generation: GenerationSummary, state: State | undefined, now: number): GenerationRow {
  const { number } = generation;
  const roles = rolesOf(number, state);
  if (!generation.ok) {
    const { problem } = generation;
    return { number, roles, origin: null, createdAt: null, notAfter: null, certificates: null, problem };
  }
  const { origin, createdAt, notAfter, files } = generation.manifest;
  return {
    number,
    roles,
    origin,
    createdAt,
    notAfter,
    certificates: files.filter(({ role }) => role === 'certificate').length,
    problem: Date.parse(notAfter) <= now ? 'expired' : null,
  };
}

function rolesOf(number: number, state: State | undefined): GenerationRow['roles'] {
  const { active, standby, previous, confirmed } = state?.generations ?? {
    active: null,
    standby: null,
    previous: null,
    confirmed: null,
  };
  return [
    ...(active?.number === number ? (['active'] as const) : []),
    ...(standby?.number === number ? (['standby'] as const) : []),
    ...(previous?.number === number ? (['previous'] as const) : []),
    ...(confirmed === number ? (['confirmed'] as const) : []),
  ];
}

export function generationsText(report: GenerationsReport, paper: Paper): string {
  if (report.generations.length === 0) return 'no generations: nothing has been rotated and no standby prepared yet\n';
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
