import { instantOf } from '../../time/rfc3339.ts';
import { distanceText } from '../../time/span.ts';
import type { CheckedCertificate, CheckReport } from '../document.ts';
import type { StatusReport } from '../status.ts';
import { html, type Markup, name, nothing } from './html.ts';
import { placeOf, scaleFor, type Scale } from './scale.ts';

/** What a row of the picture is about: a certificate, or a set that certmend keeps. */
interface Row {
  readonly id: string;
  /** Milliseconds since the epoch, as is `to`. */
  readonly from: number;
  readonly to: number;
  readonly tone: Tone;
  /** The status in a word, for those who do not see colours; empty when all is well. */
  readonly word: string;
}

type Tone = 'good' | 'near' | 'over' | 'kept';

/**
 * When everything ends: a bar for each certificate, from its beginning to its end, on one scale for what lives about a year and
 * on another one for the authorities.
 * @param now milliseconds since the epoch
 */
export function timeline(check: CheckReport, status: StatusReport, now: number): Markup {
  const of = (...roles: readonly string[]): readonly Row[] =>
    check.certificates
      .filter(({ role }) => roles.includes(role))
      .flatMap((one) => rowOf(one, now))
      .toSorted((a, b) => a.to - b.to);
  const short = [
    { title: 'Leaves', rows: of('leaf', 'unknown') },
    { title: 'Listener', rows: of('listener') },
    { title: 'Kubeconfigs', rows: of('kubeconfig') },
    { title: 'Sets kept by certmend', rows: keptSets(status, now) },
  ].filter(({ rows }) => rows.length > 0);
  const authorities = of('authority');
  if (short.length === 0 && authorities.length === 0)
    return html`<p class="faint">There is no certificate with an end on this node.</p>`;
  const scale = scaleFor(
    short.flatMap(({ rows }) => rows),
    now,
  );
  const long = scaleFor(authorities, now);
  return html`${legend} ${short.length === 0 ? nothing : chart(short, scale, now)}
  ${authorities.length === 0 ? nothing : chart([{ title: 'Authorities', rows: authorities }], long, now)}`;
}

const legend = html`<p class="legend">
  <span class="key good"></span> good <span class="key near"></span> attention <span class="key over"></span> expired or
  damaged <span class="key kept"></span> kept, not in use <span class="key past"></span> past
  <span class="key line"></span> now
</p>`;

function chart(
  groups: readonly { readonly title: string; readonly rows: readonly Row[] }[],
  scale: Scale,
  now: number,
): Markup {
  return html`<div class="chart">
    ${groups.map(
      ({ title, rows }, index) =>
        html`<div class="row head">
            <h3>${title}</h3>
            ${index === 0 ? axis(scale, now) : strip(scale, now, nothing)}<span></span>
          </div>
          ${rows.map((row) => line(row, scale, now))}`,
    )}
  </div>`;
}

function line(row: Row, scale: Scale, now: number): Markup {
  const end = new Date(row.to).toISOString().slice(0, 10);
  const said = row.word === '' ? nothing : html`<b class="${row.tone}">${row.word}</b> `;
  return html`<div class="row">
    <span class="id">${name(row.id)}</span>${strip(scale, now, bar(row, scale, now))}<span class="end"
      >${said}${end}<span class="faint"> · ${distanceText(row.to - now)}</span></span
    >
  </div> `;
}

/** What has passed of it is paler than what is left. */
function bar({ from, to, tone }: Row, scale: Scale, now: number): Markup {
  const [begin, end] = [placeOf(from, scale), placeOf(to, scale)];
  const here = Math.min(Math.max(placeOf(now, scale), begin), end);
  const part = (left: number, right: number, kind: string): Markup =>
    right <= left
      ? nothing
      : html`<rect class="${kind}" x="${percent(left)}" y="7" width="${percent(right - left)}" height="10" />`;
  const beyond = to > scale.to ? html`<text class="more" x="100%" y="16" text-anchor="end">»</text>` : nothing;
  const before = to < scale.from ? html`<text class="more" x="0" y="16">«</text>` : nothing;
  return html`${part(begin, here, `${tone} past`)}${part(here, end, tone)}${beyond}${before}`;
}

function strip(scale: Scale, now: number, content: Markup): Markup {
  return html`<svg aria-hidden="true" width="100%" height="24">
    ${scale.ticks.map(({ at }) => upright('grid', at, scale))}${content}${upright('now', now, scale)}
  </svg>`;
}

/** The first row of a chart: the dates of the lines that go down through all others. */
function axis(scale: Scale, now: number): Markup {
  const labels = scale.ticks.map(({ at, label }) => {
    const place = placeOf(at, scale);
    const anchor = place < 6 ? 'start' : place > 94 ? 'end' : 'middle';
    return html`<text class="tick" x="${percent(place)}" y="12" text-anchor="${anchor}">${label}</text>`;
  });
  const lines = scale.ticks.map(({ at }) => upright('grid', at, scale, 16));
  return html`<svg aria-hidden="true" width="100%" height="24">
    ${labels}${lines}${upright('now', now, scale, 16)}
  </svg>`;
}

function upright(kind: 'grid' | 'now', at: number, scale: Scale, top = 0): Markup {
  const x = percent(placeOf(at, scale));
  return html`<line class="${kind}" x1="${x}" x2="${x}" y1="${top}" y2="24" />`;
}

function percent(place: number): string {
  return `${String(Math.round(place * 100) / 100)}%`;
}

function rowOf(one: CheckedCertificate, now: number): readonly Row[] {
  const to = instantOf(one.effectiveNotAfter ?? one.notAfter);
  if (to === undefined) return [];
  const from = Math.min(instantOf(one.notBefore) ?? to, to);
  const isOver = to <= now || one.status === 'DAMAGED' || one.status === 'MISSING' || one.status === 'EXPIRED';
  const tone = isOver ? 'over' : one.status === 'OK' ? 'good' : 'near';
  return [{ id: one.id, from, to, tone, word: one.status === 'OK' ? '' : one.status.toLowerCase() }];
}

function keptSets({ generations, unread }: StatusReport, now: number): readonly Row[] {
  if (unread !== null) return [];
  return Object.entries(generations).flatMap(([role, reference]): readonly Row[] => {
    const to = instantOf(reference?.notAfter ?? null);
    const from = instantOf(reference?.createdAt ?? null);
    if (reference === null || to === undefined || from === undefined) return [];
    const tone = to <= now ? 'over' : role === 'active' ? 'good' : 'kept';
    const word = to <= now ? 'expired' : '';
    return [{ id: `${role}: generation ${String(reference.number)}`, from: Math.min(from, to), to, tone, word }];
  });
}
