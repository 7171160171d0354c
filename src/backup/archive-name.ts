import { dayMs } from '../time/units.ts';

const ending = '.certmend.age';
const form = /^(.+)-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.certmend\.age$/;

/** `NODE-20261128T064452Z.certmend.age`. @param now milliseconds since the epoch */
export function archiveName(nodeName: string, now: number): string {
  return `${nodeName}-${new Date(now)
    .toISOString()
    .replace(/\.\d{3}/, '')
    .replaceAll(/[-:]/g, '')}${ending}`;
}

export interface NamedArchive {
  readonly name: string;
  readonly nodeName: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Only a name that `archiveName` makes. */
export function parseArchiveName(name: string): NamedArchive | undefined {
  const found = form.exec(name);
  if (found === null) return undefined;
  const [, nodeName = '', year, month, day, hour, minute, second] = found;
  const at = Date.parse(`${year ?? ''}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}Z`);
  return Number.isNaN(at) || archiveName(nodeName, at) !== name ? undefined : { name, nodeName, at };
}

/**
 * Which of a node's own archives may go once a new one is on the disk. Never the new one, and none that is dated after
 * it: a clock that ran ahead names files so, and they are nobody's to judge. What is no whole archive by its look counts
 * for nothing, so that it drives no good one out, and is left for a person.
 *
 * @param archives of one node, those whose header is well-formed
 * @param rule.keep how many there may be, the new one included
 * @param rule.maxAgeDays undefined: of any age
 */
export function expendable(
  archives: readonly NamedArchive[],
  newest: NamedArchive,
  { keep, maxAgeDays }: { readonly keep: number; readonly maxAgeDays: number | undefined },
): readonly NamedArchive[] {
  const older = archives
    .filter(({ nodeName, at }) => nodeName === newest.nodeName && at < newest.at)
    .toSorted((a, b) => b.at - a.at);
  return older.filter(
    ({ at }, index) => index >= keep - 1 || (maxAgeDays !== undefined && newest.at - at > maxAgeDays * dayMs),
  );
}
