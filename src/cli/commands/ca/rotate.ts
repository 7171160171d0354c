import { compose } from '../../../composition.ts';
import { ownPaths } from '../../../disk/own-paths.ts';
import { CertmendError, exitStatus, type ExitStatus } from '../../../error.ts';
import { beginRotation } from '../../../heal/authorities/begin-rotation.ts';
import type { RotationStanding } from '../../../heal/authorities/carry-on.ts';
import { continueRotation } from '../../../heal/authorities/continue-rotation.ts';
import { obstaclesTo, refuseObstacles } from '../../../heal/authorities/preflight.ts';
import { prepareRotation } from '../../../heal/authorities/prepare-rotation.ts';
import { withdrawRotation } from '../../../heal/authorities/withdraw-rotation.ts';
import type { RotationRequest } from '../../../plan/authority-rotation.ts';
import { rotationPlanText, rotationText } from '../../../report/authority/rotation-text.ts';
import { rotationPlan, rotationReport } from '../../../report/authority/rotation.ts';
import { otherUnit } from '../../../report/authority/authorities-text.ts';
import { loadState } from '../../../state/load-state.ts';
import type { StateAuthorityRotation } from '../../../state/state.ts';
import type { Ports } from '../../../survey/ports.ts';
import { findLayout, refuseWeakened, survey } from '../../../survey/survey.ts';
import type { Arguments } from '../../command.ts';
import type { Io } from '../../io.ts';
import { paperOf, print } from '../../print.ts';
import { ofRotation, ofRotationPlan } from '../../status-of.ts';
import { confirmNode } from '../../confirm-node.ts';
import { givenAuthority, type GivenFiles } from './given-authority.ts';

interface RotateArguments extends Arguments, GivenFiles {
  readonly authorities: readonly string[];
  readonly dryRun: boolean;
  readonly continue: boolean;
  readonly abort: boolean;
  readonly newRoot: boolean;
  readonly confirm: string | undefined;
}

export async function run(args: RotateArguments, io: Io): Promise<ExitStatus> {
  const request = requestOf(args);
  const ports = await compose(args, io, { askSystemd: true });
  if (args.continue) return goOn(ports, args, io);
  if (args.abort) return goBack(ports, args, io);
  return begin(ports, args, io, request);
}

/** @throws CertmendError Usage for what does not go together */
function requestOf(args: RotateArguments): RotationRequest {
  const given = givenAuthority(args);
  const isNew = args.authorities.length > 0 || args.newRoot || given !== undefined;
  const verbs = [args.dryRun, args.continue, args.abort].filter(Boolean).length;
  if (verbs > 1 || ((args.continue || args.abort) && isNew)) {
    throw new CertmendError(
      'Usage',
      '--dry-run, --continue and --abort do not go together, and the last two take no authorities: they go on with the rotation that was begun; nothing was changed',
      { exit: exitStatus.usage },
    );
  }
  if (args.newRoot && given !== undefined) {
    throw new CertmendError('Usage', '--new-root makes a root, and another was given; nothing was changed', {
      exit: exitStatus.usage,
    });
  }
  return { ids: args.authorities, newRoot: args.newRoot, given };
}

async function begin(ports: Ports, args: RotateArguments, io: Io, request: RotationRequest): Promise<ExitStatus> {
  const layout = findLayout(ports);
  refuseWeakened(layout);
  const seen = await survey(ports, layout);
  const prepared = await prepareRotation(ports, seen, request);
  const obstacles = await obstaclesTo(ports, seen);
  const copies = ownPaths.authorityRotation;
  const plan = rotationPlan({ ...prepared, layout, root: ports.root, now: seen.assessment.now, obstacles, copies });
  const text = (): string => rotationPlanText(plan, paperOf(io));
  if (args.dryRun) {
    print(args, io, plan, text);
    return ofRotationPlan(plan);
  }
  // What would be done, before it is agreed to; a script that wants one document gets that of what was done.
  const isAsked = args.confirm === undefined;
  if (args.output === 'table' || (isAsked && io.ask === undefined)) print(args, io, plan, text);
  refuseObstacles(obstacles);
  const count = String(plan.authorities.length);
  await confirmNode(args, io, { nodeName: layout.nodeName, what: `replace ${count} authorities of the cluster` });
  return told(await beginRotation(ports, request), ports, args, io);
}

async function goOn(ports: Ports, args: RotateArguments, io: Io): Promise<ExitStatus> {
  const { nodeName } = findLayout(ports);
  const open = openRotation(ports);
  const words: Partial<Record<StateAuthorityRotation['step'], string>> = {
    'this-server': 'say that every other server was restarted and is Ready',
    servers: 'say that every agent was restarted and is Ready',
  };
  const what = open && words[open.step];
  if (what !== undefined) await confirmNode(args, io, { nodeName, what });
  return told(await continueRotation(ports, { confirmed: what !== undefined }), ports, args, io);
}

async function goBack(ports: Ports, args: RotateArguments, io: Io): Promise<ExitStatus> {
  const { nodeName } = findLayout(ports);
  const what = 'take the rotation back (no server may have been restarted since it was begun)';
  if (openRotation(ports) !== undefined) await confirmNode(args, io, { nodeName, what });
  return told(await withdrawRotation(ports), ports, args, io);
}

function openRotation(ports: Ports): StateAuthorityRotation | undefined {
  const loaded = loadState(ports.reader);
  return (loaded.kind === 'loaded' ? loaded.state.authorityRotation : null) ?? undefined;
}

function told(standing: RotationStanding, ports: Ports, args: RotateArguments, io: Io): ExitStatus {
  const { layout } = standing;
  const agentUnit = otherUnit(layout.name, 'agent');
  const report = rotationReport({ ...standing, agentUnit, root: ports.root, now: ports.clock.now() });
  print(args, io, report, () => rotationText(report, paperOf(io)));
  return ofRotation(report);
}
