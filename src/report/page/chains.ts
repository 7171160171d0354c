import { instantOf } from '../../time/rfc3339.ts';
import { distanceText } from '../../time/span.ts';
import type { AuthorityReport, ReportedAuthority } from '../authority/authorities.ts';
import type { CheckReport } from '../document.ts';
import { html, type Markup, name, nothing } from './html.ts';

/** Who signs what: for each authority its root where that is another one, itself, and what it signs on this node. */
export function chains({ authorities, at }: AuthorityReport, check: CheckReport): Markup {
  const now = instantOf(at) ?? 0;
  const ends = new Map(check.certificates.map(({ id, effectiveNotAfter }) => [id, effectiveNotAfter]));
  const shown = authorities.filter(({ state, signs }) => state !== 'missing' || signs.length > 0);
  if (shown.length === 0) return html`<p class="faint">There is no authority on this node.</p>`;
  return html`<div class="chains">${shown.map((authority) => chain(authority, ends, now))}</div>`;
}

function chain(authority: ReportedAuthority, ends: ReadonlyMap<string, string | null>, now: number): Markup {
  const signed = authority.signs.map((id) => {
    const end = ends.get(id) ?? null;
    return html`<li>
      <span class="id">${name(id)}</span
      >${end === null ? nothing : html` <span class="faint">${end.slice(0, 10)}</span>`}
    </li> `;
  });
  return html`<div class="chain">
    <div class="signers">${rootsOf(authority, now)}${card(authority, now)}</div>
    <ul class="signed">
      ${signed}
    </ul>
  </div> `;
}

function card({ id, state, subject, effectiveNotAfter, key }: ReportedAuthority, now: number): Markup {
  const end =
    effectiveNotAfter === null
      ? html`<span class="over">${state === 'readable' ? 'its end is not known' : state}</span>`
      : html`<span class="faint">until ${dated(effectiveNotAfter, now)}</span>`;
  const isBroken = key.state === 'missing' || key.state === 'differs' || key.state === 'unreadable';
  return html`<div class="card${state === 'readable' && !isBroken ? '' : ' bad'}">
    <b class="id">${name(id)}</b>
    ${subject === null ? nothing : html`<span class="id">${name(subject)}</span>`} ${end}
    <span class="${isBroken ? 'over' : 'faint'}">${keyTexts[key.state]}</span>
  </div> `;
}

/** One that signed itself is its own root, and stands there once. */
function rootsOf({ roots, shape, fingerprint256 }: ReportedAuthority, now: number): readonly Markup[] {
  if (shape === 'root-elsewhere')
    return [html`<div class="card"><span class="faint">signed by a root that is not in its file</span></div> `];
  return roots
    .filter((root) => root.inUse && root.fingerprint256 !== fingerprint256)
    .map(
      (root) =>
        html`<div class="card">
          <b>root</b>
          <span class="id">${name(root.subject)}</span>
          <span class="faint">until ${dated(root.notAfter, now)}</span>
          <span class="faint"
            >${root.keyHere === true ? 'its key is on this node' : 'its key is not on this node'}</span
          >
        </div> `,
    );
}

const keyTexts: Readonly<Record<ReportedAuthority['key']['state'], string>> = {
  fits: 'its key is on this node',
  differs: 'the key on this node is another one’s',
  missing: 'its key is missing',
  unreadable: 'its key cannot be read',
  elsewhere: 'its key is on the servers only',
};

function dated(instant: string, now: number): string {
  return `${instant.slice(0, 10)} · ${distanceText((instantOf(instant) ?? now) - now)}`;
}
