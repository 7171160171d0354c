import { CertmendError, exitStatus } from '../error.ts';
import type { Io } from './io.ts';

/**
 * For what cannot simply be undone: the name of the node, typed on a terminal or given with --confirm, so that no habit, no
 * script for many nodes and no other window does it by accident.
 *
 * @param asked.what a clause: `replace 5 authorities of the cluster`
 * @param asked.command the whole line for a script, where it is not this one with `--confirm` behind it
 * @throws CertmendError Usage (exit 64); nothing was changed
 */
export async function confirmNode(
  { confirm }: { readonly confirm: string | undefined },
  io: Io,
  asked: { readonly nodeName: string; readonly what: string; readonly command?: string | undefined },
): Promise<void> {
  const { nodeName, what, command = `--confirm ${nodeName}` } = asked;
  if (nodeName === '') {
    throw usage(
      'the name of the node is not known, so nobody can confirm it; nothing was changed',
      'set node-name in the configuration of the product, or the host name',
    );
  }
  const answer = confirm ?? (await io.ask?.(`To ${what}, type the name of the node (${nodeName}):`));
  if (answer === nodeName) return;
  throw usage(
    answer === undefined
      ? `nothing was changed: to ${what} has to be confirmed`
      : `nothing was changed: ${JSON.stringify(answer)} is not the name of the node`,
    `without a terminal: ${command}`,
  );
}

function usage(message: string, hint: string): CertmendError {
  return new CertmendError('Usage', message, { exit: exitStatus.usage, hint });
}
