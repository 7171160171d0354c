import type { AuthorityItem, LeafItem } from '../inventory/inventory.ts';
import type { HealthAnswer, Ports } from '../survey/ports.ts';
import type { Survey } from '../survey/survey.ts';

/** A component that was asked for its health, or a client certificate that was shown to the one that has to accept it. */
export interface ComponentHealth {
  /** `component`: it serves with the leaf. `client`: the consumer shows the leaf to the API server. */
  readonly asked: 'component' | 'client';
  readonly id: string;
  readonly port: number;
  readonly consumer: string;
  /** Of a client only `well`, `unasked`, and `ill` when it is refused. */
  readonly answer: HealthAnswer;
}

/**
 * Asks every component of the layout that can say whether it is well, and shows the API server every certificate with which
 * somebody asks it, all at once, with the pairs and authorities that are on the disk at this look.
 */
export function askComponents(ports: Ports, { inventory }: Survey): Promise<readonly ComponentHealth[]> {
  const leaves = new Map<string, LeafItem>();
  const authorities = new Map<string, AuthorityItem>();
  for (const item of inventory.items) {
    if (item.kind === 'leaf') leaves.set(item.entry.id, item);
    if (item.kind === 'authority') authorities.set(item.entry.id, item);
  }
  const ask = async (
    { port, path }: { readonly port: number; readonly path: string },
    client: LeafItem | undefined,
    trusted: AuthorityItem | undefined,
  ): Promise<HealthAnswer> => {
    const [certificate, key, authority] = [client?.certificateFile, client?.keyFile, trusted?.certificateFile];
    if (certificate?.state !== 'regular' || key?.state !== 'regular' || authority?.state !== 'regular')
      return { is: 'unasked' };
    return ports.askHealth({
      ...{ port, path },
      certificatePem: certificate.bytes,
      keyPem: key.bytes,
      trustedPem: authority.bytes,
    });
  };
  const asked = [...leaves.values()].flatMap((item): Promise<ComponentHealth>[] => {
    const { id, consumer, issuer, health, shownTo } = item.entry;
    const questions: Promise<ComponentHealth>[] = [];
    if (health !== undefined) {
      const { port, client } = health;
      const answer = ask(health, leaves.get(client), authorities.get(issuer));
      questions.push(answer.then((said) => ({ asked: 'component', id, port, consumer, answer: said })));
    }
    if (shownTo !== undefined) {
      const { port, authority } = shownTo;
      const answer = ask(shownTo, item, authorities.get(authority));
      questions.push(answer.then((said) => ({ asked: 'client', id, port, consumer, answer: acceptance(said) })));
    }
    return questions;
  });
  return Promise.all(asked);
}

/** Whoever answers anything but 401 knows who asks. That it does not answer is its own ill, and told as that. */
function acceptance(answer: HealthAnswer): HealthAnswer {
  switch (answer.is) {
    case 'well':
    case 'unasked':
      return answer;
    case 'absent':
      return { is: 'unasked' };
    case 'ill':
      if (answer.status === unauthorized) return answer;
      return { is: answer.status === undefined ? 'unasked' : 'well' };
  }
}

/** RFC 9110, 15.5.2. */
const unauthorized = 401;
