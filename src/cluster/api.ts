import { CertmendError, exitStatus } from '../error.ts';
import type { ApiAnswer, ApiRequest, ApiSession } from '../survey/ports.ts';
import { printable } from '../terminal/paper.ts';
import { fieldsOf, textOf } from '../yaml/json-value.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Asks the API server for something that it must do.
 *
 * @param asked.who the user that the shown pair makes
 * @param asked.missing statuses that are answers too: then undefined is returned
 * @returns the answer's document; empty when it has none
 * @throws CertmendError ClusterUnreachable (exit 75) when it does not answer, or not yet; ClusterRefused (exit 77) when it will not
 */
export async function must(
  session: ApiSession,
  request: ApiRequest,
  asked: { readonly who: string; readonly hint: string; readonly missing?: readonly number[] },
): Promise<Fields | undefined> {
  const answer = await session.ask(request);
  if (answer.is === 'answered' && answer.status >= 200 && answer.status < 300) return fieldsOf(answer.body) ?? {};
  if (answer.is === 'answered' && asked.missing?.includes(answer.status) === true) return undefined;
  throw refusal(answer, request, asked);
}

function refusal(answer: ApiAnswer, { method, path }: ApiRequest, asked: { who: string; hint: string }): CertmendError {
  const what = `${method} ${path.replace(/\?.*$/, '')}`;
  if (answer.is === 'absent') return unreachable('no API server answers on the loopback');
  if (answer.is === 'silent') return unreachable(`the API server could not be asked: ${answer.problem}`);
  const { status, body } = answer;
  const words = printable(textOf(fieldsOf(body)?.['message']) ?? '').slice(0, 300);
  const said = words === '' ? '' : `: ${words}`;
  if (status === 429 || status >= 500) return unreachable(`the API server answers ${String(status)} to ${what}${said}`);
  if (status === 401) {
    return clusterRefused(
      `the API server does not accept the certificate of ${asked.who} (401)`,
      'see: certmend check; is client-ca on this node the one of the cluster?',
    );
  }
  return clusterRefused(`the API server refuses ${what} to ${asked.who} (${String(status)})${said}`, asked.hint);
}

export function unreachable(problem: string): CertmendError {
  return new CertmendError('ClusterUnreachable', `the cluster was not told: ${problem}`, {
    exit: exitStatus.tryAgain,
    hint: 'nothing: it is tried again until it succeeds',
  });
}

export function clusterRefused(problem: string, hint: string): CertmendError {
  return new CertmendError('ClusterRefused', `the cluster was not told: ${problem}`, {
    exit: exitStatus.refused,
    hint,
  });
}
