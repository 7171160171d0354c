import type { Assessment } from '../assess/assessment.ts';
import type { AssessInput } from '../assess/context.ts';
import { isUnsound } from '../assess/rules/restart.ts';
import { listed } from '../assess/figures.ts';
import { CertmendError, exitStatus } from '../error.ts';
import type { SaidReason } from '../reason.ts';
import { minuteMs } from '../time/units.ts';
import { writablePairs, type Pair } from './pairs.ts';
import type { Plan } from './plan.ts';

/** The API server refuses a client at the old end of its certificate, whatever is on the disk: done well before (products 8). */
const leastLeftMs = 10 * minuteMs;

/**
 * A renewal while the service runs: new certificates under the keys that are there. Only on a node
 * where all is sound, so that it can only become better: what is damaged, or signed by another authority than the one on
 * the disk, needs a new key or a new trust, and those need a restart.
 *
 * @param request.ids leaf entries; empty means every one that certmend may write
 * @param request.reason undefined when a person asks
 * @throws CertmendError RenewalUnfit (exit 77)
 */
export function decideRenewal(
  input: Pick<AssessInput, 'inventory' | 'now' | 'clock' | 'served'> & {
    readonly assessment: Assessment;
    /** Components that say that they are not well, a sentence each: they are left alone. */
    readonly health: readonly string[];
  },
  { ids, reason }: { readonly ids: readonly string[]; readonly reason?: SaidReason | undefined },
): Plan {
  const { inventory, now, clock, assessment, served } = input;
  if (!clock.believed) throw unfit(`the clock is not believed: ${clock.evidence[0] ?? clock.verdict}`);
  const unsound = assessment.findings.find(isUnsound);
  if (unsound !== undefined) throw unfit(unsound.message, unsound.id);
  const pairs = writablePairs(inventory, now);
  for (const { entry, item } of pairs) {
    const leaf = item.certificates.ok ? item.certificates.value[0] : undefined;
    if (leaf === undefined || leaf.notAfter < now + leastLeftMs)
      throw unfit(`the certificate of ${entry.id} expires within ten minutes`, entry.id);
  }
  const chosen = ids.length === 0 ? pairs : [...new Set(ids)].map((id) => pairNamed(id, pairs));
  if (chosen.length === 0) throw unfit('there is no certificate on this node that certmend can renew');
  const stuck = chosen.find(({ issuable }) => !issuable);
  if (stuck !== undefined) throw unfit(`${stuck.entry.issuer} cannot sign ${stuck.entry.id}`, stuck.entry.issuer);
  if (served === undefined || served.size === 0)
    throw unfit(`${inventory.layout.unit} is running, and none of its ports answers in TLS`);
  const what = ids.length === 0 ? 'every leaf' : listed(ids);
  const [ill] = input.health;
  if (ill !== undefined) throw unfit(ill);
  const asked: SaidReason = {
    code: 'OperatorRequest',
    id: ids[0],
    message: `an operator requested a renewal of ${what}, with the same keys`,
  };
  const why = reason ?? asked;
  return {
    decision: 'rotate',
    source: { kind: 'issue' },
    reasons: [why],
    actions: chosen.map(({ entry }) => ({ kind: 'install', id: entry.id, reason: why.code })),
  };
}

function pairNamed(id: string, pairs: readonly Pair[]): Pair {
  const pair = pairs.find(({ entry }) => entry.id === id);
  if (pair === undefined) throw unfit(`there is no certificate of ${id} to renew`, id);
  return pair;
}

export function unfit(problem: string, id?: string): CertmendError {
  return new CertmendError('RenewalUnfit', `not renewed while the service runs: ${problem}; nothing was changed`, {
    exit: exitStatus.refused,
    hint: id === undefined ? 'see: certmend doctor' : `see: certmend why ${id}`,
  });
}
