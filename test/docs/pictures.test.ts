import test from 'ava';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawn, pictures } from '../../build/pictures.ts';
import { terminalPicture } from '../../build/terminal-picture.ts';

/* The pictures of README are drawn from what was captured in a real run, and load nothing. */

const project = join(import.meta.dirname, '..', '..');
const directory = join(project, 'docs', 'pictures');
const read = (file: string): string => readFileSync(join(directory, file), 'utf8');

test('every picture is what node build/pictures.ts draws from the captured text', (t) => {
  t.deepEqual(
    readdirSync(directory).toSorted(),
    pictures.flatMap(({ name }) => [`${name}.svg`, `${name}.txt`]).toSorted(),
  );
  for (const picture of pictures) t.true(read(`${picture.name}.svg`) === drawn(picture), `node build/pictures.ts`);
});

test('README shows every picture, with a text for those who do not see it', (t) => {
  const readme = readFileSync(join(project, 'README.md'), 'utf8');
  for (const { name } of pictures)
    t.regex(readme, new RegExp(String.raw`!\[[^\]]{40,}\]\(docs/pictures/${name}\.svg\)`), name);
});

test('every picture is small, loads nothing and has a light and a dark form', (t) => {
  for (const { name } of pictures) {
    const svg = read(`${name}.svg`);
    t.true(svg.length > 1000 && Buffer.byteLength(svg) < 40 * 1024, name);
    const own = svg.replace('xmlns="http://www.w3.org/2000/svg"', '');
    t.notRegex(own, /\b(?:href|src)=|url\(|@import|@font-face|<(?:script|image|use|foreignObject|a)\b|\son\w+=/i, name);
    t.true(svg.includes('prefers-color-scheme: dark'));
    assertWellFormed(svg, t.fail);
  }
});

test('terminalPicture draws colours, keeps columns, and shows what is sent to a terminal as text at most', (t) => {
  const text =
    '\u001b[0;1;32m●\u001b[0m a  <b>&\n\u001b]0;title\u0007\u001b[38;5;31mx\u001b[0m\u001b[2Jy\u202e \u001b[90mz\u001b[39m!\n\n';
  const svg = terminalPicture('"t" <1>', text);
  assertWellFormed(svg, t.fail);
  t.true(svg.includes('aria-label="&quot;t&quot; &lt;1&gt;"'));
  t.regex(svg, /<tspan x="16" class="bold green">●<\/tspan><tspan x="24\.4"> a<\/tspan>/);
  t.regex(svg, /<tspan x="[\d.]+">&lt;b&gt;&amp;<\/tspan>/, 'behind the gap of a table it has its own place');
  t.regex(svg, /<tspan x="[\d.]+" class="faint">z<\/tspan><tspan x="[\d.]+">!<\/tspan>/);
  t.notRegex(svg, /[\p{Cf}]/u);
  // eslint-disable-next-line no-control-regex -- none may be left
  t.notRegex(svg, /[\u0000-\u0009\u000b-\u001f]/);
});

/** Every element closed in its turn, every attribute quoted, no bare `<` or `&`. */
function assertWellFormed(svg: string, fail: (message: string) => void): void {
  const open: string[] = [];
  const token =
    /<(\/?)([a-z]+)((?:\s[a-zA-Z][a-zA-Z0-9-]*="[^"<&]*(?:&(?:quot|lt|gt|amp);[^"<&]*)*")*)(\/?)>|[^<&]+|&(?:amp|lt|gt|quot);/gy;
  while (token.lastIndex < svg.length) {
    const at = token.lastIndex;
    const match = token.exec(svg);
    if (match === null) {
      fail(`not well-formed: ${svg.slice(at, at + 60)}`);
      return;
    }
    const [, slash, name, , selfClosed] = match;
    if (name === undefined || selfClosed === '/') continue;
    if (slash !== '/') open.push(name);
    else if (open.pop() !== name) fail(`${name} closes another element`);
  }
  if (open.length > 0) fail(`open: ${open.join(' ')}`);
}
