import { instantOf } from '../../time/rfc3339.ts';
import { durationText, wholeSeconds } from '../../time/span.ts';
import { minuteMs } from '../../time/units.ts';
import type { AuditLine } from './audit-lines.ts';
import type { CheckedCertificate } from '../document.ts';
import { agenda, type AgendaInput } from './agenda.ts';
import { chains } from './chains.ts';
import { html, type Markup, name, nothing } from './html.ts';
import { style } from './style.ts';
import { timeline } from './timeline.ts';

export interface PageInput extends AgendaInput {
  readonly version: string;
  /** Oldest first; undefined when the audit file cannot be read or is not there: then the state's own events are shown. */
  readonly audit: readonly AuditLine[] | undefined;
}

/** How a page begins: by this certmend knows its own, and overwrites no other file. */
export const pageMark = '<!DOCTYPE html>\n<!-- certmend report -->\n';

/**
 * The node on one page that can be mailed: no script, nothing that is loaded from elsewhere (the policy in its head forbids both
 * to a browser that finds some all the same), no key material. The documents of `check`, `status`, `plan` and `ca status` as a
 * person reads them.
 */
export function nodePage(input: PageInput): string {
  const { check, status } = input;
  const now = instantOf(status.at) ?? 0;
  const [verdict = '', ...facts] = status.line.split(' · ');
  const level = check.certificates.length === 0 ? 'unknown' : check.health.level;
  const nodeName = check.nodeName === '' ? 'node without a name' : check.nodeName;
  const body = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <meta name="generator" content="certmend ${input.version}" />
      <title>${nodeName}: ${verdict} - certificates, ${status.at.slice(0, 10)}</title>
      ${style}
    </head>
    <body>
      <header>
        <p class="over-title">${check.layout}${check.root === '/' ? nothing : html` · root ${name(check.root)}`}</p>
        <h1>${name(nodeName)}</h1>
        <p class="verdict ${level}">
          <b>${verdict}</b>${facts.map((fact) => html` <span class="fact">${fact}</span>`)}
        </p>
        <p class="faint">
          As of ${wholeSeconds(status.at)}. certmend ${input.version}, data directory
          ${name(status.node?.dataDir ?? 'unknown')}.
        </p>
      </header>
      <main>
        ${section('Why', why(input))} ${section('What happens, and when', schedule(input))}
        ${section('When everything ends', timeline(check, status, now))}
        ${section('Who signs what', chains(input.authorities, check))} ${section('Last events', events(input))}
        ${section('Every entry', entries(check.certificates))}
      </main>
      <footer>
        <p class="faint">
          Made by certmend on this node. The page holds no private key and no token; it names the node, its files and
          its certificates. It loads nothing and runs nothing.
        </p>
      </footer>
    </body>
  </html> `;
  return `${pageMark}${body.source.trimEnd()}\n`;
}

function section(title: string, content: Markup): Markup {
  return html`<section>
    <h2>${title}</h2>
    ${content}
  </section>`;
}

/** The health with its reasons, each once and the worst first, then what keeps certmend itself from its work. */
function why({ check, status }: PageInput): Markup {
  const groups = Map.groupBy(check.health.reasons, ({ code }) => code);
  const reasons = [...groups.values()].map(([first, ...others]) => {
    if (first === undefined) return nothing;
    const { code, id, message, severity } = first;
    const more = others.map((other, index) => html`${index === 0 ? '' : ', '}${name(other.id ?? other.message)}`);
    return html`<li class="${severity === 'critical' ? 'bad' : 'warn'}">
      <b>${code}</b>
      ${id === undefined || message.includes(id) ? nothing : html`${name(id)}: `}${name(message)}${more.length === 0 ? nothing : html` <span class="faint">and ${more.length} more: ${more}</span>`}
    </li> `;
  });
  const machine = status.machine.map(
    ({ check: what, message, hint }) =>
      html`<li class="warn"><b>${what}</b> ${name(message)}${hint === null ? nothing : html`; ${name(hint)}`}</li> `,
  );
  const memory =
    status.unread === null
      ? nothing
      : html`<p class="over">What certmend remembers cannot be read: ${name(status.unread)}</p>`;
  const all = [...reasons, ...machine];
  if (all.length === 0) {
    return html`${memory}
      <p>Nothing is wrong${since(status)}.</p>`;
  }
  return html`${memory}
    <p class="faint">${check.health.level}${since(status)}</p>
    <ul class="reasons">
      ${all}
    </ul>`;
}

/** What certmend sees for the first time has no beginning that it knows. */
function since({ at, health }: PageInput['status']): string {
  const now = instantOf(at);
  const begin = instantOf(health?.since ?? null);
  if (now === undefined || begin === undefined || now - begin < minuteMs) return '';
  return ` since ${wholeSeconds(health?.since ?? '')} (${durationText(now - begin)})`;
}

function schedule(input: PageInput): Markup {
  return html`<dl class="agenda">
    ${agenda(input).map(
      ({ when, what }) =>
        html`<div>
          <dt>${name(when)}</dt>
          <dd>${name(what)}</dd>
        </div> `,
    )}
  </dl>`;
}

const shownEvents = 25;

/** Newest first, as one reads what happened. */
function events({ audit, status }: PageInput): Markup {
  const lines: readonly Pick<AuditLine, 'at' | 'event' | 'message' | 'priority'>[] =
    audit ?? status.events.map((event) => ({ ...event, priority: undefined }));
  if (lines.length === 0) return html`<p class="faint">certmend has recorded nothing on this node yet.</p>`;
  const rows = lines
    .slice(-shownEvents)
    .toReversed()
    .map(
      ({
        at,
        event,
        message,
        priority,
      }) => html`<tr${tone(priority)}><td class="time">${wholeSeconds(at)}</td><td>${event}</td><td class="what">${name(message)}</td></tr>
`,
    );
  const source =
    audit === undefined
      ? 'From the state file: there is no audit file that can be read.'
      : 'From the audit file of this node.';
  return html`<p class="faint">${source}</p>
    <div class="wide">
      <table>
        <thead>
          <tr>
            <th>time</th>
            <th>event</th>
            <th>what</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>`;
}

function tone(priority: string | undefined): Markup {
  if (priority === 'critical' || priority === 'error') return html` class="bad"`;
  return priority === 'warning' ? html` class="warn"` : nothing;
}

function entries(certificates: readonly CheckedCertificate[]): Markup {
  const rows = certificates.map(
    ({
      id,
      role,
      status,
      subject,
      notBefore,
      effectiveNotAfter,
      findings,
      path,
    }) => html`<tr${status === 'OK' ? nothing : status === 'WARNING' || status === 'NOT YET VALID' ? html` class="warn"` : html` class="bad"`}><td class="id">${name(id)}</td><td>${role}</td><td>${status}${findings.map((code) => html` <span class="faint">${code}</span>`)}</td><td class="time">${notBefore?.slice(0, 10) ?? ''}</td><td class="time">${effectiveNotAfter?.slice(0, 10) ?? ''}</td><td class="id">${name(subject ?? '')}</td><td class="path">${name(path)}</td></tr>
`,
  );
  return html`<div class="wide">
    <table>
      <thead>
        <tr>
          <th>entry</th>
          <th>kind</th>
          <th>status</th>
          <th>from</th>
          <th>until</th>
          <th>subject</th>
          <th>file</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}
