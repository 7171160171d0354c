import { compose } from '../../composition.ts';
import { CertmendError, exitStatus, type ExitStatus } from '../../error.ts';
import { rollback } from '../../heal/rollback.ts';
import { agree } from './agree.ts';
import type { Arguments } from '../command.ts';
import type { Io } from '../io.ts';
import { printOutcome } from './print-outcome.ts';

interface RollbackArguments extends Arguments {
  readonly generation: string | undefined;
  readonly yes: boolean;
}

export async function run(args: RollbackArguments, io: Io): Promise<ExitStatus> {
  const ports = await compose(args, io, { askSystemd: true });
  const { generation: word } = args;
  if (word !== undefined && !/^[1-9]\d{0,8}$/.test(word)) {
    throw new CertmendError('Usage', `${word} is not a generation number`, {
      exit: exitStatus.usage,
      hint: 'certmend generations lists them',
    });
  }
  await agree(
    args,
    io,
    `Restore ${word === undefined ? 'the previous generation' : `generation ${word}`} under ${ports.root}?`,
  );
  const started = ports.clock.monotonic();
  const outcome = await rollback(ports, word === undefined ? undefined : Number(word));
  return printOutcome(args, io, ports, outcome, started);
}
