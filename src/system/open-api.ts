import { readAnswer } from './read-answer.ts';
import { Agent, request as open } from 'node:https';
import type { ApiAnswer, ApiRequest, ApiSession, ApiTarget } from '../survey/ports.ts';

/** Of one request. An API server that is well takes some hundredths of a second. */
const timeoutMs = 10_000;
/** Of all requests of a conversation: a first report of a server is some sixty. */
const wholeMs = 60_000;

/** Some hundred objects with what the API server remembers of their fields; what is longer is no such answer. */
const maxAnswerBytes = 8 * 1024 * 1024;

/** Of the network: on this address nobody is there, and on the other one somebody may be. */
const absent: ReadonlySet<string> = new Set(['ECONNREFUSED', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENETUNREACH']);

/**
 * Opens a conversation with the API server on this machine's own loopback: with its own, or with one of the cluster behind
 * the load balancer of an agent. The server must be who it should be. Redirections are not followed.
 */
export function openApi({ port, pair, trustedPem, ended: stopped }: ApiTarget): ApiSession {
  // One connection: a report is no reason for a server to hold more of them.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const whole = AbortSignal.any([stopped, AbortSignal.timeout(wholeMs)]);
  const askAt = (host: string, question: ApiRequest): Promise<ApiAnswer> => {
    const { method, path, contentType = 'application/json' } = question;
    const body = question.body === undefined ? undefined : Buffer.from(JSON.stringify(question.body));
    return new Promise((resolve) => {
      const fail = (error: unknown): void => {
        resolve(failed(error));
      };
      try {
        const asked = open({
          host,
          port,
          path,
          method,
          headers: {
            accept: 'application/json',
            'user-agent': 'certmend',
            ...(body === undefined ? {} : { 'content-type': contentType, 'content-length': body.length }),
          },
          // By name: every serving certificate of the products has it (products 1.4), whatever the addresses of the node.
          servername: 'localhost',
          cert: pair.certificatePem,
          key: pair.keyPem,
          ca: trustedPem,
          // The products trust every certificate of the file they were given, not only the roots in it.
          allowPartialTrustChain: true,
          agent,
          signal: AbortSignal.any([whole, AbortSignal.timeout(timeoutMs)]),
        });
        readAnswer(asked, maxAnswerBytes, {
          answered: (status, bytes) => {
            resolve({ is: 'answered', status, body: parsed(bytes) });
          },
          failed: fail,
        });
        asked.end(body);
      } catch (error) {
        // OpenSSL's word on the pair or the authority, before anybody was asked.
        fail(error);
      }
    });
  };
  return {
    ask: async (question) => {
      const first = await askAt('127.0.0.1', question);
      return first.is === 'absent' ? askAt('::1', question) : first;
    },
    close: () => {
      agent.destroy();
    },
  };
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

function failed(error: unknown): ApiAnswer {
  const { code = '', name = '', message = '' } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  if (name === 'AbortError' || name === 'TimeoutError') return { is: 'silent', problem: 'did not answer in time' };
  if (absent.has(code)) return { is: 'absent' };
  return { is: 'silent', problem: code === '' ? message : code };
}
