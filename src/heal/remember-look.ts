import { program } from '../build-info.ts';
import { documented } from '../report/document.ts';
import { prestartReport, prestartText } from '../report/prestart.ts';
import { CertmendError } from '../error.ts';
import { unchanged, type Outcome } from '../session/outcome.ts';
import { circumstances, healthyLookBytes } from '../state/healthy-look.ts';
import { leastNews } from '../state/worth-saving.ts';
import type { Ports } from '../survey/ports.ts';
import { survey, type Survey } from '../survey/survey.ts';
import { instantOf } from '../time/rfc3339.ts';
import { needsHands, nothing } from './prestart.ts';

/** For less than this nothing is written. */
const shortestMs = 60_000;

/**
 * Remembers of a boot hook's look that found nothing to do what it rested on, so that the next one need not look so closely
 * (as-before.ts). Only where the answer is the same at both ends of an interval: what is due or ends, is so from one instant on,
 * so that nothing comes and goes in between. The interval ends before there would be anything to save.
 */
export async function rememberHealthyLook(ports: Ports, unit: string, outcome: Outcome): Promise<void> {
  await orDoWithout(() => remember(ports, unit, outcome));
}

async function remember(ports: Ports, unit: string, outcome: Outcome): Promise<void> {
  const { look, clock } = ports;
  const seen = outcome.survey;
  if (look === undefined || program === undefined || !isQuiet(outcome, ports)) return;
  const from = seen.assessment.now;
  const until = untilOf(seen);
  if (until === undefined || until - from < shortestMs) return;
  for (const at of [from, until]) {
    // Whether a time service speaks up at the next start is not known: it must not matter.
    const then: Ports = { ...ports, clock: { ...clock, now: () => at }, synchronisation: () => 'unknown' };
    const there = await survey(then, seen.layout);
    if (!there.assessment.clock.believed || needsHands(there, then) || reasonsOf(there) !== reasonsOf(seen)) return;
  }
  const answers = look.answers();
  const text = textOf(ports, seen, outcome);
  if (answers === undefined || text === undefined) return;
  const facts = circumstances({ root: ports.root, unit }, ports.host);
  await look.keep(healthyLookBytes({ program, circumstances: facts, from, until, text, ...answers }));
}

/**
 * The same for a look that the daemon takes in place of the hook, after a check: the next start then finds what is remembered
 * though the state was saved since the last one.
 */
export async function lookAhead(compose: () => Promise<Ports>, unit: string): Promise<void> {
  await orDoWithout(async () => {
    const ports = await compose();
    await remember(ports, unit, unchanged(nothing, await survey(ports)));
  });
}

/** It only saves time: what is in its way is told by whoever finds it on the ordinary way, and fails nothing here. */
async function orDoWithout(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof CertmendError)) throw error;
  }
}

/** Nothing was changed, and nothing is for a person to see to. */
function isQuiet({ decision, changed, notes, survey: seen }: Outcome, ports: Ports): boolean {
  return (
    decision === 'nothing-to-do' &&
    changed.length === 0 &&
    notes.length === 0 &&
    !needsHands(seen, ports) &&
    seen.assessment.findings.every(({ answer }) => answer === 'none')
  );
}

function untilOf({ loaded }: Survey): number | undefined {
  if (loaded.kind !== 'loaded') return undefined;
  const [mark, checked] = [instantOf(loaded.state.clock.highWater), instantOf(loaded.state.lastCheck)];
  return mark === undefined || checked === undefined ? undefined : Math.min(mark, checked) + leastNews - 1;
}

/** In the words that are printed, which count days. */
function reasonsOf({ assessment }: Survey): string {
  return JSON.stringify(documented(assessment.health.reasons));
}

/** What is printed, in two halves around the time that it took. */
function textOf(
  ports: Ports,
  { layout, assessment: { now: at } }: Survey,
  outcome: Outcome,
): readonly [string, string] | undefined {
  const { root } = ports;
  const report = prestartReport({ outcome, root, unit: layout.unit, layout: layout.name, at, durationMs: 0 });
  const [before, after, ...others] = prestartText(report, outcome.notes).split(' · 0 ms\n');
  return before === undefined || after === undefined || others.length > 0
    ? undefined
    : [`${before} · `, ` ms\n${after}`];
}
