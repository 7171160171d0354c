import { openDoor } from '../../../commit/open-door.ts';
import { compose } from '../../../composition.ts';
import { composeRecovery } from '../../../composition-tools.ts';
import { shellWord } from '../../../disk/shell-word.ts';
import { CertmendError, exitStatus, type ExitStatus } from '../../../error.ts';
import { recoverAuthorities, undo, type Recovery, type RecoveryOutcome } from '../../../recover/recover.ts';
import { recoveryText } from '../../../report/authority/recovery-text.ts';
import { recoveryReport, type RecoveryReport, type RecoverySource } from '../../../report/authority/recovery.ts';
import { telling } from '../../../session/telling.ts';
import { findLayout } from '../../../survey/survey.ts';
import type { Arguments } from '../../command.ts';
import type { Io } from '../../io.ts';
import { confirmNode } from '../../confirm-node.ts';
import { paperOf, print } from '../../print.ts';

interface RecoverArguments extends Arguments {
  readonly confirm: string | undefined;
  readonly dryRun: boolean;
  readonly undo: boolean;
}

/** The second door of P2: it is opened here, for this command alone. */
export async function run(args: RecoverArguments, io: Io): Promise<ExitStatus> {
  if (args.undo && args.dryRun) {
    throw new CertmendError('Usage', '--undo and --dry-run are not for each other', {
      exit: exitStatus.usage,
      hint: 'certmend ca recover --undo asks before it does anything',
    });
  }
  const ports = await compose(args, io, { askSystemd: true });
  const tools = await composeRecovery(ports.root);
  const layout = findLayout(ports);
  const door = openDoor('ca recover');
  const say = (source: RecoverySource): void => {
    const report = recoveryReport(source);
    print(args, io, report, () => recoveryText(report, paperOf(io)));
  };
  return await telling(ports, async () => {
    if (args.undo) {
      await undo(ports, tools, door, () =>
        confirmNode(args, io, {
          nodeName: layout.nodeName,
          what: 'bring back the datastore as it was before the recovery',
          command: commandLine(args, layout.nodeName),
        }),
      );
      say({ layout, root: ports.root, at: ports.clock.now(), decision: 'undone' });
      return exitStatus.ok;
    }
    const outcome = await recoverAuthorities(ports, tools, {
      door,
      isDryRun: args.dryRun,
      agree: async (recovery) => {
        if (args.confirm === layout.nodeName) return;
        const report = recoveryReport(sourceOf({ decision: 'would-recover', recovery }, ports.root));
        showPlan(args, io, report);
        await confirmNode(args, io, {
          nodeName: layout.nodeName,
          what: 'put renewed authorities into the datastore',
          command: commandLine(args, layout.nodeName),
        });
      },
    });
    say(sourceOf(outcome, ports.root));
    return exitStatus.ok;
  });
}

/** Where somebody is asked, the document of standard output is the one of what was done. */
function showPlan(args: Arguments, io: Io, report: RecoveryReport): void {
  if (io.ask === undefined) print(args, io, report, () => recoveryText(report, paperOf(io)));
  else io.stderr.write(recoveryText(report, paperOf(io)));
}

/** As it stands, in a script too. */
function commandLine({ root, believeClock, undo: isUndo }: RecoverArguments, nodeName: string): string {
  const words = [
    'certmend',
    ...(root === '/' ? [] : ['--root', shellWord(root)]),
    ...(believeClock ? ['--believe-clock'] : []),
    'ca recover',
    ...(isUndo ? ['--undo'] : []),
    '--confirm',
    nodeName,
  ];
  return words.join(' ');
}

function sourceOf(outcome: RecoveryOutcome, root: string): RecoverySource {
  switch (outcome.decision) {
    case 'nothing-to-do':
      return {
        layout: outcome.layout,
        at: outcome.at,
        root,
        decision: 'nothing-to-do',
        isWaiting: outcome.kept?.live === 'recovered',
      };
    case 'would-recover':
      return { ...described(outcome.recovery, root), decision: 'would-recover' };
    case 'recovered':
      return { ...described(outcome.recovery, root), decision: 'recovered', warning: outcome.warning };
    case 'statement-written':
    case 'would-write-statement': {
      const { layout, at, decision, key, renewed, file, look, apply } = outcome;
      const { authorities, pinnedHash, inTheWay } = renewed;
      const datastore = { kind: 'external', key } as const;
      return {
        layout,
        at,
        root,
        decision,
        datastore,
        authorities,
        pinnedHash,
        inTheWay,
        statement: { file, look, apply },
      };
    }
  }
}

function described(
  { layout, at, datastore, key, renewed, writes, original }: Recovery,
  root: string,
): Omit<RecoverySource, 'decision'> {
  const { authorities, pinnedHash, inTheWay } = renewed;
  return { layout, at, root, datastore: { kind: datastore, key }, authorities, pinnedHash, inTheWay, writes, original };
}
