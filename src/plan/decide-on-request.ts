import type { SaidReason } from '../reason.ts';
import type { Finding } from '../assess/assessment.ts';
import { isDrift } from '../assess/drift.ts';
import { listed } from '../assess/figures.ts';
import { CertmendError, exitStatus } from '../error.ts';
import type { DecideInput, RotationRequest, Action, Plan, Source } from './plan.ts';
import { standbySource } from './decide-by-itself.ts';
import { writablePairs, type Pair } from './pairs.ts';
import { reasonsOf, unique } from './plan-reasons.ts';
import { inOrder, keepDamagedPair, sideActions } from './side-actions.ts';

/**
 * A rotation that a person asks for: all leaves (from the standby when it is ready), or just the ones named, which are
 * issued. All or nothing: one that cannot be issued refuses the request with its authority's reason.
 * @throws CertmendError Usage for an id that is no leaf, ProtectedPath for one that certmend never writes
 */
export function decideOnRequest(input: DecideInput, request: RotationRequest): Plan {
  const { inventory, assessment, now } = input;
  const pairs = writablePairs(inventory, now);
  const everything = request.ids.length === 0;
  const chosen = everything ? pairs : [...new Set(request.ids)].map((id) => pairNamed(id, input, pairs));
  const standby = everything && request.issueAfresh !== true ? standbySource(input) : undefined;
  const source: Source = standby ?? { kind: 'issue' };
  const stuck = chosen.filter((pair) => !(standby === undefined ? pair.issuable : pair.acceptable));
  const asked: SaidReason = {
    code: 'OperatorRequest',
    id: everything ? undefined : request.ids[0],
    message: everything
      ? 'an operator requested a rotation of every leaf'
      : `an operator requested a rotation of ${listed(request.ids)}`,
  };
  if (stuck.length > 0 || chosen.length === 0) return refused(input, stuck, asked);
  const actions = chosen.flatMap((pair): Action[] => {
    const damage = assessment.findings.find(
      ({ id, answer, code }) =>
        id === pair.entry.id && answer === 'repair' && code !== 'LeafNotYetValid' && !isDrift({ code }),
    );
    const kept = damage === undefined ? [] : keepDamagedPair(pair, damage.code);
    return [...kept, { kind: 'install', id: pair.entry.id, reason: 'OperatorRequest' }];
  });
  const side = everything ? sideActions(assessment.findings, inventory) : [];
  return { decision: 'rotate', actions: inOrder([...actions, ...side]), source, reasons: [asked] };
}

function refused(input: DecideInput, stuck: readonly Pair[], asked: SaidReason): Plan {
  const { findings } = input.assessment;
  const authorities = new Set(stuck.map(({ entry }) => entry.issuer));
  const causes = findings.filter((finding: Finding) => finding.id !== undefined && authorities.has(finding.id));
  const none: SaidReason = {
    code: 'AuthorityMissing',
    id: undefined,
    message: 'no leaf can be issued here',
  };
  const reasons = causes.length === 0 ? [none] : reasonsOf(causes);
  return { decision: 'refused', actions: [], source: { kind: 'none' }, reasons: unique([...reasons, asked]) };
}

function pairNamed(id: string, { inventory, now }: DecideInput, pairs: readonly Pair[]): Pair {
  const known = pairs.find(({ entry }) => entry.id === id);
  if (known !== undefined) return known;
  const item = inventory.items.find((candidate) => candidate.entry.id === id);
  if (item?.kind !== 'leaf') {
    const what =
      item === undefined ? 'not an entry of this node' : `of kind ${item.kind}, which certmend does not rotate`;
    throw new CertmendError('Usage', `${id} is ${what}`, {
      exit: exitStatus.usage,
      hint: 'list the ids with: certmend check',
    });
  }
  const { entry } = item;
  if (entry.reissuedAtStart) {
    throw new CertmendError('Usage', `${id} is recreated by the product at each of its starts`, {
      exit: exitStatus.usage,
      hint: `restart its service: systemctl restart ${inventory.layout.unit}`,
    });
  }
  if (entry.protected) {
    throw new CertmendError('ProtectedPath', `${id} is protected: certmend never writes it`, {
      exit: exitStatus.refused,
    });
  }
  if (entry.optional && item.certificateFile.state === 'absent') {
    const [pair] = writablePairs({ ...inventory, items: withoutOptional(inventory.items, id) }, now).filter(
      (candidate) => candidate.entry.id === id,
    );
    if (pair !== undefined) return pair;
  }
  throw new CertmendError('StorageDenied', `the files of ${id} cannot be replaced as they are`, {
    exit: exitStatus.refused,
    hint: `certmend why ${id} shows what has to be moved away first`,
  });
}

/** A person may want an optional pair that is not there yet. */
function withoutOptional(items: DecideInput['inventory']['items'], id: string): DecideInput['inventory']['items'] {
  return items.map((item) =>
    item.kind === 'leaf' && item.entry.id === id ? { ...item, entry: { ...item.entry, optional: false } } : item,
  );
}
