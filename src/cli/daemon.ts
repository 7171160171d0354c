import { composeDaemon } from '../composition.ts';
import { daemon } from '../daemon/daemon.ts';
import { exitStatus, type ExitStatus } from '../error.ts';
import type { Arguments } from './command.ts';
import type { Io } from './io.ts';

export async function run(args: Arguments, io: Io): Promise<ExitStatus> {
  await daemon(await composeDaemon(args, io));
  return exitStatus.ok;
}
