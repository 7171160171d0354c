import type { Finding } from '../assess/assessment.ts';
import { isDrift } from '../assess/drift.ts';
import { reasons as reasonTable, type ReasonCode, type SaidReason } from '../reason.ts';
import type { DecideInput, Action, Plan, Source } from './plan.ts';
import { writablePairs, type Pair } from './pairs.ts';
import { blockersOf, leftForOperator, reasonsOf, unique } from './plan-reasons.ts';
import { bootstrapActions, inOrder, keepDamagedPair, sideActions, takePairAway } from './side-actions.ts';
import { dayMs } from '../time/units.ts';

/**
 * What the findings ask for, on a believed clock.
 *
 * A rotation is whole: the standby when it is ready and good for longer, else a fresh set. One that would leave a dead
 * leaf behind is not begun (P1: all old or all new), so an authority that cannot sign refuses it when one of its own
 * leaves is dead; leaves of it that are merely due, or well, stay as they are and stop nothing. Repairs go pair by
 * pair, and what can be repaired is. A pair that cannot be issued because only its authority's key is missing comes
 * with the whole standby. A damaged pair whose authority the product restores at its start is taken away, since the
 * product then makes it anew, and would keep it as it is for ever while it is there.
 */
export function decideByItself(input: DecideInput): Plan {
  const { findings } = input.assessment;
  const due = findings.filter((finding) => wants(finding, 'rotate'));
  const broken = findings.filter((finding) => wants(finding, 'repair'));
  const stuck = [...due, ...broken].filter((finding) => finding.blocked !== undefined);
  const standby = standbySource(input);
  if (standby !== undefined && stuck.every((finding) => finding.blocked?.onlyKey === true))
    if (due.length > 0 || stuck.length > 0) return rotation(input, standby, [...due, ...broken], []);
  const able = [...due, ...broken].filter((finding) => finding.blocked === undefined);
  const beyondHelp = stuck.some(isDead);
  const rotates = able.some((finding) => finding.answer === 'rotate');
  return rotates && !beyondHelp ? rotation(input, { kind: 'issue' }, able, stuck) : repair(input, able, stuck);
}

/** The same without a rotation: what is damaged is mended, what is due stays as it is. */
export function mendByItself(input: DecideInput): Plan {
  const broken = input.assessment.findings.filter((finding) => wants(finding, 'repair'));
  return repair(
    input,
    broken.filter((finding) => finding.blocked === undefined),
    broken.filter((finding) => finding.blocked !== undefined),
  );
}

/** The standby as a source; undefined when it is not good enough. */
export function standbySource({ standby, now, renewBeforeDays }: DecideInput): Source | undefined {
  return standby.state === 'ready' && isGoodForLonger(standby, now, renewBeforeDays)
    ? { kind: 'standby', generation: standby.generation }
    : undefined;
}

function rotation(input: DecideInput, source: Source, findings: readonly Finding[], stuck: readonly Finding[]): Plan {
  const pairs = writablePairs(input.inventory, input.now).filter((pair) =>
    source.kind === 'standby' ? pair.acceptable : pair.issuable,
  );
  const reasons = reasonsOf(findings);
  const beside = others(input);
  const actions = [
    ...installs(pairs, findings, reasons[0]?.code ?? 'LeafRenewDue'),
    ...takenAway(input, stuck),
    ...beside,
  ];
  return {
    decision: 'rotate',
    actions: inOrder(actions),
    source,
    reasons: unique([...reasons, ...reasonsOf(answeredBy(input, beside)), ...remaining(input, stuck)]),
    left: criticalStill(input, stuck, actions),
  };
}

function repair(input: DecideInput, able: readonly Finding[], stuck: readonly Finding[]): Plan {
  const mendable = able.filter((finding) => finding.answer === 'repair');
  const ids = new Set(mendable.map((finding) => finding.id));
  const pairs = writablePairs(input.inventory, input.now).filter(
    ({ entry, issuable }) => issuable && ids.has(entry.id),
  );
  // A listener that ended together with a set that cannot be replaced waits with it.
  const side = others(input).filter((action) => !(action.reason === 'ListenerExpired' && stuck.some(isDead)));
  const actions = inOrder([...installs(pairs, mendable, 'LeafUnreadable'), ...takenAway(input, stuck), ...side]);
  const left = remaining(input, stuck);
  if (actions.length === 0) {
    const reasons = unique([...left, ...reasonsOf(stuck)]);
    const decision = reasons.length === 0 ? 'nothing-to-do' : 'refused';
    return { decision, actions: [], source: { kind: 'none' }, reasons };
  }
  return {
    decision: 'repair',
    actions,
    source: pairs.length === 0 ? { kind: 'none' } : repairSource(input, mendable),
    reasons: unique([...reasonsOf(answeredBy(input, actions)), ...left]),
    left: criticalStill(input, stuck, actions),
  };
}

/** The findings that these actions are for (P7: what is changed has its reason). */
function answeredBy({ assessment }: DecideInput, actions: readonly Action[]): readonly Finding[] {
  return assessment.findings.filter(({ id, code }) =>
    actions.some((action) => action.id === id && action.reason === code),
  );
}

/** What this plan does not mend: authorities in the way, and what only a person can do. */
function remaining({ assessment }: DecideInput, stuck: readonly Finding[]): readonly SaidReason[] {
  const { findings } = assessment;
  const operator = leftForOperator(findings).filter((finding) => finding.blocked === undefined);
  return [...blockersOf(stuck, findings), ...reasonsOf(operator)];
}

/** What is critical now and will be after these actions, until a person has seen to it. */
function criticalStill(
  { assessment }: DecideInput,
  stuck: readonly Finding[],
  actions: readonly Action[],
): readonly SaidReason[] {
  // A pair that is replaced takes all that was wrong with it along.
  const isAnswered = ({ id, code }: Finding) =>
    actions.some((action) => action.id === id && (action.kind === 'install' || action.reason === code));
  const { findings } = assessment;
  const held = stuck.filter((finding) => finding.severity === 'critical' && finding.blocked?.takenAway !== true);
  const operator = leftForOperator(findings).filter((finding) => finding.blocked === undefined);
  return unique([
    ...blockersOf(
      held.filter((finding) => !isAnswered(finding)),
      findings,
    ),
    ...reasonsOf(operator.filter((finding) => !isAnswered(finding))),
  ]);
}

/**
 * Damaged pairs are issued. A set that lies in the future of a believed clock was made on a wrong one: the set that it
 * replaced comes back if it is good for longer, else a fresh one is issued. (One that is about to be due itself would
 * only be rotated away again by the next start.)
 */
function repairSource({ previous, now, renewBeforeDays }: DecideInput, findings: readonly Finding[]): Source {
  const onlyAhead = findings.every(({ code }) => reasonTable[code].nature === 'early');
  return onlyAhead && previous !== undefined && isGoodForLonger(previous, now, renewBeforeDays)
    ? { kind: 'previous', generation: previous.generation }
    : { kind: 'issue' };
}

function installs(pairs: readonly Pair[], findings: readonly Finding[], otherwise: ReasonCode): readonly Action[] {
  return pairs.flatMap((pair): Action[] => {
    const own = findings.filter(({ id }) => id === pair.entry.id);
    const [first] = reasonsOf(own);
    const damaged = own.find((finding) => wants(finding, 'repair') && isDamage(finding));
    const kept = damaged === undefined ? [] : keepDamagedPair(pair, damaged.code);
    return [...kept, { kind: 'install', id: pair.entry.id, reason: first?.code ?? otherwise }];
  });
}

/** Pairs that cannot be issued and that the product would keep as they are: without them it makes new ones. */
function takenAway({ inventory, now }: DecideInput, stuck: readonly Finding[]): readonly Action[] {
  const pairs = writablePairs(inventory, now);
  return stuck.flatMap(({ id, code, blocked }) => {
    const pair = blocked?.takenAway === true ? pairs.find(({ entry }) => entry.id === id) : undefined;
    return pair === undefined ? [] : takePairAway(pair, code);
  });
}

function others({ assessment, inventory, bootRepair }: DecideInput): readonly Action[] {
  const side = sideActions(assessment.findings, inventory);
  return bootRepair === true ? [...side, ...bootstrapActions(assessment.findings, inventory)] : side;
}

function wants(finding: Finding, answer: 'rotate' | 'repair'): boolean {
  return finding.answer === answer || finding.blocked?.answer === answer;
}

/** Bytes that are worth keeping beside the previous set: a pair that only drifted or lies in the future is whole. */
function isDamage(finding: Finding): boolean {
  return reasonTable[finding.code].nature !== 'early' && !isDrift(finding);
}

/** It does not work now, and nothing but a new one or a new authority will change that. */
function isDead(finding: Finding): boolean {
  return finding.blocked !== undefined && reasonTable[finding.code].nature === 'over';
}

/** A set that becomes due on the next day is not worth a commit. */
const marginDays = 1;

/**
 * Would a set of leaves, once live, be left alone by certmend and by the product? It must be valid already and outlast
 * the renewal window (architecture, Answers).
 * @param set milliseconds since the epoch: latest notBefore and earliest effective notAfter of its leaves
 */
export function isGoodForLonger(
  set: { readonly notBefore: number; readonly notAfter: number },
  now: number,
  renewBeforeDays: number,
): boolean {
  return set.notBefore <= now && set.notAfter > now + (renewBeforeDays + marginDays) * dayMs;
}
