import type { AuthorityItem, LeafItem } from '../inventory/inventory.ts';
import type { HealthAnswer, Ports } from '../survey/ports.ts';
import type { Survey } from '../survey/survey.ts';

/** A component that was asked for its health. */
export interface ComponentHealth {
  /** The leaf that it serves with. */
  readonly id: string;
  readonly port: number;
  readonly consumer: string;
  readonly answer: HealthAnswer;
}

/**
 * Asks every component of the layout that can say whether it is well, all at once, with the pairs and authorities that
 * are on the disk at this look.
 */
export function askComponents(ports: Ports, { inventory }: Survey): Promise<readonly ComponentHealth[]> {
  const leaves = new Map<string, LeafItem>();
  const authorities = new Map<string, AuthorityItem>();
  for (const item of inventory.items) {
    if (item.kind === 'leaf') leaves.set(item.entry.id, item);
    if (item.kind === 'authority') authorities.set(item.entry.id, item);
  }
  const asked = [...leaves.values()].flatMap(({ entry }): Promise<ComponentHealth>[] => {
    const { id, health, consumer, issuer } = entry;
    if (health === undefined) return [];
    const { port, path } = health;
    const client = leaves.get(health.client);
    const [certificate, key] = [client?.certificateFile, client?.keyFile];
    const trusted = authorities.get(issuer)?.certificateFile;
    const isWhole = certificate?.state === 'regular' && key?.state === 'regular' && trusted?.state === 'regular';
    const answer: Promise<HealthAnswer> = isWhole
      ? ports.askHealth({
          ...{ port, path },
          certificatePem: certificate.bytes,
          keyPem: key.bytes,
          trustedPem: trusted.bytes,
        })
      : Promise.resolve({ is: 'unasked' });
    return [answer.then((said) => ({ id, port, consumer, answer: said }))];
  });
  return Promise.all(asked);
}
