import type { ExitStatus } from '../../../error.ts';
import type { Arguments } from '../../command.ts';
import type { Io } from '../../io.ts';

interface CaArguments extends Arguments {
  readonly at: string | undefined;
  readonly action: keyof typeof actions;
}

/** What a person does about authorities: a file each, loaded when it is asked for. */
const actions = { status: () => import('./status.ts') } as const;

export async function run(args: CaArguments, io: Io): Promise<ExitStatus> {
  const action = await actions[args.action]();
  return action.run(args, io);
}
