import { request as get } from 'node:https';
import type { HealthAnswer, HealthRequest } from '../survey/ports.ts';

/** Both addresses, handshake and answer. `/readyz` of an API server that is well takes some hundredths of a second. */
const timeoutMs = 4000;

/** Of the network or of this machine, not of who was asked. */
const absent: ReadonlySet<string> = new Set(['ECONNREFUSED', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENETUNREACH']);
const own: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'EPERM', 'EACCES']);

/**
 * Asks a component for its health, on this machine's own loopback: it is told who asks by a client certificate, and
 * must itself be who it should be. The text of the answer is not read. Never rejects.
 */
export async function askHealth(question: HealthRequest): Promise<HealthAnswer> {
  const ended = AbortSignal.timeout(timeoutMs);
  const first = await ask('127.0.0.1', question, ended);
  return first.is === 'absent' ? ask('::1', question, ended) : first;
}

function ask(host: string, question: HealthRequest, ended: AbortSignal): Promise<HealthAnswer> {
  const { port, path, certificatePem, keyPem, trustedPem } = question;
  return new Promise((resolve) => {
    const fail = (error: unknown): void => {
      resolve(failed(error));
    };
    try {
      const asked = get({
        host,
        port,
        path,
        method: 'GET',
        // By name: every serving certificate of the products has it (products 1.4), whatever the addresses of the node.
        servername: 'localhost',
        cert: certificatePem,
        key: keyPem,
        ca: trustedPem,
        // The products trust every certificate of the file they were given, not only the roots in it.
        allowPartialTrustChain: true,
        agent: false,
        signal: ended,
      });
      asked.once('response', (response) => {
        const { statusCode } = response;
        response.on('error', fail).resume();
        resolve(
          statusCode === 200
            ? { is: 'well' }
            : { is: 'ill', problem: `answers ${String(statusCode)} to ${path}`, status: statusCode },
        );
      });
      asked.on('error', fail).end();
    } catch (error) {
      // OpenSSL's word on the pair, before anybody was asked: what is on the disk is judged elsewhere.
      if (!(error instanceof Error)) throw error;
      resolve({ is: 'unasked' });
    }
  });
}

function failed(error: unknown): HealthAnswer {
  const { code = '', name = '' } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  if (name === 'AbortError') return { is: 'ill', problem: `does not answer within ${String(timeoutMs / 1000)} s` };
  if (absent.has(code)) return { is: 'absent' };
  if (own.has(code)) return { is: 'unasked' };
  return { is: 'ill', problem: `cannot be asked: ${code === '' ? name : code}` };
}
