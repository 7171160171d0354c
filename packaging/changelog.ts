import { gzipSync } from 'node:zlib';
import { readProject } from './project.ts';
import { maintainer, type Release } from './release.ts';
import { wrapLines } from './wrap.ts';

/** One version of CHANGELOG.md. */
interface Entry {
  readonly version: string;
  /** Seconds since 1970. */
  readonly epoch: number;
  readonly items: readonly string[];
}

/**
 * CHANGELOG.md as deb-changelog(5) wants it. What is unreleased there is what this package releases.
 *
 * @throws Error when a version has no date
 */
export function debianChangelog(release: Release, markdown = readProject('CHANGELOG.md')): Uint8Array {
  const text = parse(markdown, release).map(({ version, epoch, items }) => {
    const lines = items.map((item) => `  * ${wrapLines(plain(item), 74).join('\n    ')}\n`).join('');
    return `certmend (${version}) unstable; urgency=medium\n\n${lines}\n -- ${maintainer}  ${rfc5322(epoch)}\n`;
  });
  return compress(text.join('\n'));
}

/** The same for the %changelog of a spec file. */
export function rpmChangelog(release: Release, markdown = readProject('CHANGELOG.md')): string {
  const entries = parse(markdown, release).map(({ version, epoch, items }) => {
    const [weekday = '', day = '', month = '', year = ''] = rfc5322(epoch).split(/,? /);
    const lines = items.map((item) => `- ${wrapLines(plain(item), 76).join('\n  ')}\n`.replaceAll('%', '%%')).join('');
    return `* ${weekday} ${month} ${day} ${year} ${maintainer} - ${version}-1\n${lines}`;
  });
  return entries.join('\n');
}

/** As `gzip -9n` does: no name and no time inside. */
export function compress(text: string): Uint8Array {
  return gzipSync(text, { level: 9 });
}

function parse(markdown: string, release: Release): readonly Entry[] {
  return markdown
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [heading = '', ...lines] = section.split('\n');
      const items = lines
        .join('\n')
        .split(/^- /m)
        .slice(1)
        .map((item) => (item.split(/\n#|\n\n/)[0] ?? '').trim());
      return { ...dateOf(heading, release), items };
    })
    .filter(({ items }) => items.length > 0);
}

function dateOf(heading: string, release: Release): Omit<Entry, 'items'> {
  if (/^\[?Unreleased/.test(heading)) return release;
  const [, version, date] = /^\[?([^\s\]]+)\]? [-–] (\d{4}-\d\d-\d\d)/.exec(heading) ?? [];
  if (version === undefined || date === undefined) throw new Error(`CHANGELOG.md: "${heading}" has no date`);
  return { version, epoch: Date.parse(`${date}T12:00:00Z`) / 1000 };
}

function plain(markdown: string): string {
  return markdown.replaceAll('`', '');
}

/** `Tue, 24 Nov 2026 00:27:00 +0000` */
function rfc5322(epoch: number): string {
  return new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
}
