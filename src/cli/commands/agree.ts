import { CertmendError, exitStatus } from '../../error.ts';
import type { Io } from '../io.ts';

/** Asks before files change; --yes is the answer where nobody can be asked. */
export async function agree({ yes }: { readonly yes: boolean }, io: Io, question: string): Promise<void> {
  if (yes) return;
  const agreed = io.confirm === undefined ? false : await io.confirm(question);
  if (!agreed) {
    throw new CertmendError('Usage', 'nothing was changed: not confirmed', {
      exit: exitStatus.usage,
      hint: io.confirm === undefined ? 'without a terminal, use --yes' : undefined,
    });
  }
}
