import type { Item } from '../inventory/inventory.ts';
import { type Assessment, type CertificateRow, type Finding, healthOf } from './assessment.ts';
import { judgeAuthority } from './rules/authority.ts';
import { clockFinding, lostSet, weakenedFindings, unusableNames } from './rules/node.ts';
import { answerDrift } from './drift.ts';
import { assessContext, type AssessContext, type AssessInput } from './context.ts';
import { judgeKey, judgeDocument } from './rules/secret-file.ts';
import { judgeKubeconfig } from './rules/kubeconfig.ts';
import { judgeLeaf } from './rules/leaf/leaf.ts';
import { judgeListener } from './rules/listener.ts';
import { restartFinding, restartOf } from './rules/restart.ts';
import type { Judgement } from './row.ts';
import { leaveMounted } from './mounts.ts';
import { judgeUnknown } from './rules/unknown.ts';

/**
 * Everything that is wrong or due at an instant, and the health that follows. Pure: the same input gives the same
 * assessment. Findings: the clock, a set that is lost as a whole, the node's names, then the entries in table order,
 * then what no table knows, then what others found.
 */
export function assess(input: AssessInput): Assessment {
  const context = assessContext(input);
  const findings: Finding[] = [];
  const rows: CertificateRow[] = [];
  const clock = clockFinding(input.clock, input.now);
  if (clock !== undefined) findings.push(clock);
  const lost = lostSet(context);
  if (lost !== undefined) findings.push(lost);
  findings.push(...unusableNames(input.inventory));
  for (const item of input.inventory.items) {
    const judgement = judge(item, context);
    findings.push(...judgement.findings);
    if (judgement.row !== undefined) rows.push(judgement.row);
  }
  for (const file of input.inventory.unknown) {
    const judgement = judgeUnknown(file, input.now, isAcknowledged(file.path, input));
    findings.push(...judgement.findings);
    rows.push(judgement.row);
  }
  const known = [...weakenedFindings(findings, context.layout)];
  const restart = restartOf(rows, known, context);
  if (restart !== undefined) known.push(restartFinding(restart, context));
  known.push(...(input.extraFindings ?? []));
  const answered = leaveMounted(answerDrift(known, input.inventory), input.inventory);
  const { now, clock: belief, heldUntil } = input;
  return { now, clock: belief, findings: answered, rows, health: healthOf(answered), restart, heldUntil };
}

function isAcknowledged(path: string, { settings, inventory }: AssessInput): boolean {
  return settings.acknowledged?.some((glob) => matchesGlob(path, glob, inventory.layout.dataDir)) === true;
}

function judge(item: Item, context: AssessContext): Judgement {
  switch (item.kind) {
    case 'leaf':
      return judgeLeaf(item, context);
    case 'authority':
      return judgeAuthority(item, context);
    case 'listener':
      return judgeListener(item, context);
    case 'kubeconfig':
      return judgeKubeconfig(item, context);
    case 'key':
      return judgeKey(item, context);
    case 'document':
      return judgeDocument(item, context);
  }
}

/**
 * A path pattern: `*` and `?` stand for anything but a slash, `**` for anything, and a slash at the end for everything
 * below. One that does not begin with a slash is taken below `directory`. Names that begin with a dot are names.
 * @param directory absolute, without a slash at its end
 */
function matchesGlob(path: string, glob: string, directory: string): boolean {
  const whole = glob.startsWith('/') ? glob : `${directory}/${glob}`;
  const pattern = (whole.endsWith('/') ? `${whole}**` : whole)
    .split(/(\*\*|\*|\?)/)
    .map((part) => wild[part] ?? part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`))
    .join('');
  return new RegExp(`^${pattern}$`, 's').test(path);
}

const wild: Readonly<Record<string, string>> = { '**': '.*', '*': '[^/]*', '?': '[^/]' };
