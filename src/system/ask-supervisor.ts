import { readAnswer } from './read-answer.ts';
import { request as open } from 'node:https';
import type { SupervisorAnswer, SupervisorRequest } from '../survey/ports.ts';

/** As the products' own agents wait for a server (products 6.1). */
const usualTimeoutMs = 10_000;

/** A leaf and a few certificates of its authority, or all of the bootstrap set; what is longer is no such answer. */
const maxAnswerBytes = 256 * 1024;

/** Of the network: on this address nobody is there, and on the other one somebody may be. */
const absent: ReadonlySet<string> = new Set(['ECONNREFUSED', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENETUNREACH']);

/**
 * Sends one request to a server of the cluster, by this machine's own loopback: to the supervisor on it, or to the load
 * balancer that an agent has in front of the servers. The server must be who it should be. Never rejects.
 */
export async function askSupervisor(question: SupervisorRequest): Promise<SupervisorAnswer> {
  const { timeoutMs = usualTimeoutMs } = question;
  const ended = AbortSignal.timeout(timeoutMs);
  const first = await ask('127.0.0.1', question, ended);
  return first.is === 'absent' ? ask('::1', question, ended) : first;
}

function ask(host: string, question: SupervisorRequest, ended: AbortSignal): Promise<SupervisorAnswer> {
  const { port, path, body, headers, pair, trustedPem, method = 'POST' } = question;
  return new Promise((resolve) => {
    const fail = (error: unknown): void => {
      resolve(failed(error, question.timeoutMs ?? usualTimeoutMs));
    };
    try {
      const asked = open({
        host,
        port,
        path,
        method,
        headers: { ...headers, 'content-type': 'application/octet-stream', 'content-length': body.length },
        // By name: every server has it in its certificate, whatever the address that it is reached by (products 1.4, 5).
        servername: 'localhost',
        ...(pair === undefined ? {} : { cert: pair.certificatePem, key: pair.keyPem }),
        ca: trustedPem,
        // The products trust every certificate of the file they were given, not only the roots in it.
        allowPartialTrustChain: true,
        agent: false,
        signal: ended,
      });
      readAnswer(asked, maxAnswerBytes, {
        answered: (status, bytes) => {
          resolve({ is: 'answered', status, body: bytes });
        },
        failed: fail,
      });
      asked.end(body);
    } catch (error) {
      // OpenSSL's word on the pair or the authority, before anybody was asked.
      fail(error);
    }
  });
}

function failed(error: unknown, timeoutMs: number): SupervisorAnswer {
  const { code = '', name = '', message = '' } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  if (name === 'AbortError') return { is: 'silent', problem: `did not answer within ${String(timeoutMs / 1000)} s` };
  if (absent.has(code)) return { is: 'absent' };
  return { is: 'silent', problem: code === '' ? message : code };
}
