import { CertmendError } from '../error.ts';
import { reasonCodes, type ReasonCode } from '../reason.ts';
import type { Ports } from './ports.ts';

/**
 * Runs `work`; what stops it is in the audit log too, with its reason where it has one (P7). The command itself says it
 * on standard error.
 *
 * @throws what `work` throws
 */
export async function telling<T>(ports: Ports, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CertmendError) await record(ports, error);
    throw error;
  }
}

async function record(ports: Ports, { code, message, hint }: CertmendError): Promise<void> {
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
