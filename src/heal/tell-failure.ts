import { CertmendError } from '../error.ts';
import { reasonCodes, type ReasonCode } from '../reason.ts';
import type { Ports } from './ports.ts';

/** What stopped a run is in the audit log too, with its reason (P7); the command itself says it on standard error. */
export async function tellFailure(ports: Ports, error: unknown): Promise<void> {
  if (!(error instanceof CertmendError)) return;
  const { code, message, hint } = error;
  const { audit } = await ports.writeSide();
  audit.record({
    event: 'failed',
    priority: 'error',
    reason: isReason(code) ? code : undefined,
    message,
    hint,
    isOnConsole: true,
  });
  await audit.flush();
}

const reasons: ReadonlySet<string> = new Set(reasonCodes);

function isReason(code: string): code is ReasonCode {
  return reasons.has(code);
}
