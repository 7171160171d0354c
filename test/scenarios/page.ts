import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTree, type Tree } from '../fixtures/tree.ts';
import { prestart, program, run } from './certmend.ts';
import { runTo } from './command.ts';
import { programs, type Scenario } from './scenario.ts';
import { inScratch } from './scratch.ts';

/** Debian's Chromium: what a person who gets the page by mail sees, on a wide and on a narrow screen, by day, by night, on paper. */
export const page: readonly Scenario[] = [
  {
    name: 'report makes a page that Chromium shows without overlaps, wide and narrow, light and dark, and prints',
    needs: [programs.chromium, programs.openssl, programs.cp, programs.flock],
    isHeavy: false,
    run: async () => await inScratch(seenInChromium),
  },
];

async function seenInChromium(scratch: string): Promise<string> {
  const tree = makeTree({ directory: join(scratch, 'node'), leaf: 'expired', nodeName: 'edge-7' });
  const healed = await prestart(tree);
  assert.equal(healed.status, 0, healed.stderr);
  withMoreCertificates(tree);
  const file = join(scratch, 'node.html');
  const made = await run(process.execPath, [program, '--root', tree.root, 'report', '--html', file]);
  assert.equal(made.status, 0, made.stderr);
  const browser = browserIn(scratch);

  const dom = await browser([`--dump-dom`], file);
  assert.ok(dom.includes('&lt;script&gt;document.title'), 'the hostile name is text');
  assert.doesNotMatch(dom, /<(?:script|img|link|iframe|object)\b|<title>owned/);

  const views = [];
  for (const width of [1200, 500]) {
    for (const scheme of ['light', 'dark'] as const) {
      const seen = await measure(browser, file, { width, scheme, scratch });
      const where = `${width} pixels, ${scheme}`;
      assert.ok(seen.rows >= 40, `${where}: ${seen.rows} rows`);
      assert.deepEqual(seen.overlaps, [], where);
      assert.equal(seen.overflow, 0, `${where}: the page is wider than the screen`);
      assert.ok(seen.contrast >= 7, `${where}: contrast of the text is ${seen.contrast}`);
      assert.ok(seen.faintContrast >= 4.5, `${where}: contrast of the faint text is ${seen.faintContrast}`);
      assert.equal(seen.isDark, scheme === 'dark', where);
      const picture = join(scratch, `${width}-${scheme}.png`);
      await browser([`--screenshot=${picture}`, `--window-size=${width},2000`, schemes[scheme]], file);
      assert.ok(readFileSync(picture).length > 20_000, `${where}: the picture is empty`);
      views.push(where);
    }
  }

  const paper = join(scratch, 'node.pdf');
  await browser([`--print-to-pdf=${paper}`, '--no-pdf-header-footer', schemes.dark], file);
  const pages = readFileSync(paper, 'latin1').match(/\/Type \/Page\b/g)?.length ?? 0;
  assert.ok(pages >= 2 && pages <= 12, `${pages} pages on paper`);
  return `${views.join('; ')}; ${pages} pages on paper`;
}

/** More than forty in all, one of them with a name that would be a script. */
function withMoreCertificates(tree: Tree): void {
  const { certificatePath } = tree.leaf('client-admin');
  for (let number = 1; number <= 20; number += 1) {
    const name = `a-certificate-that-no-entry-of-the-layout-knows-${number}.crt`;
    copyFileSync(tree.host(certificatePath), tree.host(`${tree.dataDir}/server/tls/${name}`));
  }
  const hostile = '<script>document.title="owned"<img src=x onerror="document.title=1">.crt';
  copyFileSync(tree.host(certificatePath), tree.host(`${tree.dataDir}/server/tls/${hostile}`));
  const record = { at: '2027-03-01T12:00:00Z', event: 'checked', message: '<script>document.title="owned"</script>' };
  appendFileSync(tree.host('/var/lib/certmend/audit.jsonl'), `${JSON.stringify(record)}\n`);
}

type Browser = (options: readonly string[], file: string) => Promise<string>;

const schemes = {
  light: '--blink-settings=preferredColorScheme=1',
  dark: '--blink-settings=preferredColorScheme=0',
} as const;

function browserIn(scratch: string): Browser {
  const fixed = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars'];
  return async (options, file) => {
    const line = [...fixed, `--user-data-dir=${join(scratch, 'profile')}`, ...options, `file://${file}`];
    return (await runTo(['chromium', ...line], 120_000)).stdout;
  };
}

interface Seen {
  readonly rows: number;
  readonly overlaps: readonly string[];
  readonly overflow: number;
  readonly contrast: number;
  readonly faintContrast: number;
  readonly isDark: boolean;
}

/** A copy of the page that is allowed to run the one script that measures it. */
async function measure(
  browser: Browser,
  file: string,
  { width, scheme, scratch }: { readonly width: number; readonly scheme: 'light' | 'dark'; readonly scratch: string },
): Promise<Seen> {
  const copy = join(scratch, 'measured.html');
  const text = readFileSync(file, 'utf8').replace(/<meta\s+http-equiv="Content-Security-Policy"[^>]*>/, '');
  writeFileSync(copy, text.replace('</body>', `<script>(${measuring})()</script></body>`));
  const dom = await browser(['--dump-dom', `--window-size=${width},2000`, schemes[scheme]], copy);
  const found = /<pre id="measured">(.*?)<\/pre>/s.exec(dom)?.[1];
  assert.ok(found !== undefined, 'the browser measured nothing');
  return JSON.parse(found.replaceAll('&gt;', '>').replaceAll('&lt;', '<').replaceAll('&amp;', '&')) as Seen;
}

/** Runs in the browser. */
const measuring = `() => {
  const box = (element) => element.getBoundingClientRect();
  const rows = [...document.querySelectorAll('.row')];
  const parts = rows.flatMap((row) => [...row.children].filter((part) => box(part).width > 0 && box(part).height > 0));
  parts.push(...document.querySelectorAll('.card, .signed li, td, th, dt, dd, .reasons li'));
  const boxes = parts.map((part) => ({ part, ...box(part).toJSON() })).sort((a, b) => a.top - b.top);
  const overlaps = [];
  boxes.forEach((a, index) => {
    for (const b of boxes.slice(index + 1)) {
      if (b.top >= a.bottom - 1) break;
      if (a.left < b.right - 1 && b.left < a.right - 1 && !a.part.contains(b.part) && !b.part.contains(a.part))
        overlaps.push(a.part.textContent.slice(0, 40) + ' | ' + b.part.textContent.slice(0, 40));
    }
  });
  for (const part of document.querySelectorAll('.end, .time, dt, h1, .fact'))
    if (part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0) overlaps.push('cut: ' + part.textContent);
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((part) => part / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const contrast = (element) => {
    const ink = light(getComputedStyle(element).color);
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  };
  const answer = document.createElement('pre');
  answer.id = 'measured';
  answer.textContent = JSON.stringify({
    rows: rows.length,
    overlaps: overlaps.slice(0, 10),
    overflow: Math.max(0, document.documentElement.scrollWidth - window.innerWidth),
    contrast: contrast(document.body),
    faintContrast: contrast(document.querySelector('.faint')),
    isDark: paper < 0.2,
  });
  document.body.append(answer);
}`;
