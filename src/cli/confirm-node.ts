import { CertmendError, exitStatus } from '../error.ts';
import type { Io } from './io.ts';

/**
 * For what cannot simply be undone: the name of the node, typed on a terminal or given with --confirm, so that no habit and no
 * script for many nodes does it by accident.
 *
 * @param what a clause: `replace 5 authorities of the cluster`
 * @throws CertmendError Usage (exit 64); nothing was changed
 */
export async function confirmNode(
  { confirm }: { readonly confirm: string | undefined },
  io: Io,
  { nodeName, what }: { readonly nodeName: string; readonly what: string },
): Promise<void> {
  const name = nodeName === '' ? 'this-node' : nodeName;
  const answer = confirm ?? (await io.ask?.(`To ${what}, type the name of this node (${name}):`));
  if (answer === name) return;
  const problem =
    answer === undefined
      ? `nothing was changed: to ${what} needs to be confirmed`
      : `nothing was changed: ${JSON.stringify(answer)} is not the name of this node`;
  throw new CertmendError('Usage', problem, {
    exit: exitStatus.usage,
    hint: `without a terminal: --confirm ${name}`,
  });
}
