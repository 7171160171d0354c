import { CertmendError } from '../error.ts';
import type { Ports } from '../survey/ports.ts';

/**
 * Runs `work`; what stops it is in the audit log too, with its reason (P7). The command itself says it
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
    reason: code,
    message,
    hint,
    isOnConsole: true,
  });
  await audit.flush();
}
