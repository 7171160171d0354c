import type { Layout } from '../layout/layout.ts';
import type { Ports } from '../survey/ports.ts';
import { survey, type Survey } from '../survey/survey.ts';
import { askComponents, type ComponentHealth } from './ask-components.ts';

/** Between two looks at the ports. */
const pauseMs = 2000;

/**
 * So many looks in a row, once the new certificates are served, that every port answered and every component said that it
 * is well: one that dies of what it reads may do so at its second read.
 */
const looksNeeded = 3;

/** A component that reads its files again once a minute (the API server, products 8) has done so. */
const takenWithinMs = 75_000;

/** What does not answer for so long, or not that it is well, is taken for ill. */
const silenceMs = 30_000;

/** What is well now and then is, after this time, what it is at that look. */
const mostMs = takenWithinMs + silenceMs;

export interface PortOf {
  readonly id: string;
  readonly port: number;
  readonly consumer: string;
}

/** What answers on the ports of the service after a renewal. */
export interface Served {
  /** Entries whose new certificate answers. */
  readonly current: readonly PortOf[];
  /** Entries whose old certificate still answers. */
  readonly stale: readonly PortOf[];
  /** Ports that answered before and do not now. */
  readonly silent: readonly PortOf[];
  /** Components that said before that they are well and do not now; `problem` is a clause. */
  readonly ill: readonly (PortOf & { readonly problem: string })[];
  /** Entries with which their consumer was accepted before at that port and is not now. */
  readonly refused: readonly (PortOf & { readonly problem: string })[];
}

/** What is watched: what was well before a change. */
export interface Watched {
  readonly layout: Layout;
  /** Ports that answered in TLS. */
  readonly answered: readonly number[];
  /** Entries whose component said that it is well, and those of clients that were accepted. */
  readonly well: readonly string[];
  /** Entries that were changed. */
  readonly ids: readonly string[];
}

/**
 * Watches until every port that answered before serves what is on the disk, and has then answered `looksNeeded` times in
 * a row, as has every component that said before that it is well; or until it has had its time.
 *
 * @param stopping ends it early
 * @returns undefined when it was ended early
 */
export async function watchService(
  ports: Ports,
  { layout, answered, well, ids }: Watched,
  stopping?: AbortSignal,
): Promise<Served | undefined> {
  const places = layout.entries.flatMap((entry): PortOf[] =>
    (entry.kind === 'leaf' || entry.kind === 'listener') && entry.port !== undefined && answered.includes(entry.port)
      ? [{ id: entry.id, port: entry.port, consumer: entry.consumer }]
      : [],
  );
  const begun = ports.clock.monotonic();
  let lastHeard = begun;
  for (let good = 0; stopping?.aborted !== true;) {
    const now = await survey(ports, layout);
    const worse = worseOf(await askComponents(ports, now), well);
    const at = ports.clock.monotonic();
    const served = { ...standOf(places, ids, now), ...worse };
    const isWell = isAsBefore(served);
    if (isWell) lastHeard = at;
    const isTaken = served.stale.length === 0 || at - begun > takenWithinMs;
    good = isWell && isTaken ? good + 1 : 0;
    if (good >= looksNeeded || at - lastHeard > silenceMs || at - begun > mostMs) return served;
    await ports.clock.sleep(pauseMs, stopping);
  }
  return undefined;
}

/** Nothing that was well before is worse. */
export function isAsBefore({ silent, ill, refused }: Served): boolean {
  return silent.length + ill.length + refused.length === 0;
}

/** That it could not be asked this time says nothing of the component. */
function worseOf(health: readonly ComponentHealth[], well: readonly string[]): Pick<Served, 'ill' | 'refused'> {
  const worse = health.flatMap(({ asked, id, port, consumer, answer }) => {
    if (!well.includes(id) || answer.is === 'well' || answer.is === 'unasked') return [];
    return [{ asked, id, port, consumer, problem: answer.is === 'ill' ? answer.problem : 'no longer answers' }];
  });
  return {
    ill: worse.filter(({ asked }) => asked === 'component'),
    refused: worse.filter(({ asked }) => asked === 'client'),
  };
}

function standOf(
  places: readonly PortOf[],
  ids: readonly string[],
  now: Survey,
): Pick<Served, 'current' | 'stale' | 'silent'> {
  const rows = new Map(now.assessment.rows.map(({ id, served }) => [id, served]));
  const changed = places.filter(({ id, port }) => ids.includes(id) && now.served?.has(port) === true);
  const isCurrent = ({ id }: PortOf): boolean => rows.get(id)?.current === true;
  return {
    current: changed.filter(isCurrent),
    stale: changed.filter((place) => !isCurrent(place)),
    silent: places.filter(({ port }) => now.served?.has(port) !== true),
  };
}
