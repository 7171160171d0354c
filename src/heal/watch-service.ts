import type { Ports } from '../survey/ports.ts';
import { survey, type Survey } from '../survey/survey.ts';

/** Between two looks at the ports. */
const pauseMs = 2000;

/** So many looks in a row that every port answered: a component that dies of what it reads may do so at its second read. */
const looksNeeded = 3;

/** A component that reads its files again once a minute (the API server, products 8) has done so. */
const takenWithinMs = 75_000;

/** A port that does not answer for so long is taken for ill. */
const silenceMs = 30_000;

/** One that answers now and then is, after this time, what it is at that look. */
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
}

/**
 * Watches until every port that answered before has answered `looksNeeded` times in a row and serves what is on the disk,
 * or until it has had its time. Handshakes only, as in every check.
 *
 * @param watched.before the look before the change
 * @param watched.ids entries that were changed
 */
export async function watchService(
  ports: Ports,
  watched: { readonly before: Survey; readonly ids: readonly string[] },
): Promise<Served> {
  const { before, ids } = watched;
  const answered = new Set(before.served?.keys());
  const places = before.layout.entries.flatMap((entry): PortOf[] =>
    (entry.kind === 'leaf' || entry.kind === 'listener') && entry.port !== undefined && answered.has(entry.port)
      ? [{ id: entry.id, port: entry.port, consumer: entry.consumer }]
      : [],
  );
  const begun = ports.clock.monotonic();
  let lastHeard = begun;
  for (let good = 0; ;) {
    const now = await survey(ports, before.layout);
    const at = ports.clock.monotonic();
    const served = standOf(places, ids, now);
    good = served.silent.length === 0 ? good + 1 : 0;
    if (good > 0) lastHeard = at;
    const isTaken = served.stale.length === 0 || at - begun > takenWithinMs;
    const isSilent = at - lastHeard > silenceMs;
    if ((good >= looksNeeded && isTaken) || isSilent || at - begun > mostMs) return served;
    await ports.clock.sleep(pauseMs);
  }
}

function standOf(places: readonly PortOf[], ids: readonly string[], now: Survey): Served {
  const rows = new Map(now.assessment.rows.map(({ id, served }) => [id, served]));
  const changed = places.filter(({ id, port }) => ids.includes(id) && now.served?.has(port) === true);
  const isCurrent = ({ id }: PortOf): boolean => rows.get(id)?.current === true;
  return {
    current: changed.filter(isCurrent),
    stale: changed.filter((place) => !isCurrent(place)),
    silent: places.filter(({ port }) => now.served?.has(port) !== true),
  };
}
