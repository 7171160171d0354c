import assert from 'node:assert/strict';
import { join } from 'node:path';
import { run } from '../certmend.ts';
import { runTo } from '../command.ts';
import type { Built } from './build.ts';

const project = join(import.meta.dirname, '..', '..', '..');

/** Milliseconds: ten seconds on a machine that has nothing else to do. */
const limit = 300_000;

/** No error, no warning, and no override that has lost its object. */
export async function assertLintian({ path }: Built): Promise<void> {
  const { status, stdout, stderr } = await run('lintian', ['--allow-root', '--display-info', path], {}, limit);
  const words = /^[EW]: |^\w: \S+ (unused|mismatched)-override\b/;
  assert.deepEqual(
    stdout.split('\n').filter((line) => words.test(line)),
    [],
    path,
  );
  assert.equal(status, 0, stderr);
}

/** The same for rpmlint, which counts a filter that filters nothing as an error. */
export async function assertRpmlint({ path }: Built): Promise<void> {
  const { stdout } = await run('rpmlint', ['--rpmlintrc', join(project, 'rpm', 'rpmlintrc'), path], {}, limit);
  assert.match(stdout, /1 packages and 0 specfiles checked; 0 errors, 0 warnings/, stdout);
}

/** Every shell text of the packages. Bash comes once: where bash itself reads it. */
export async function assertShellcheck(): Promise<number> {
  const scripts = ['deb/postinst', 'deb/postrm', 'deb/prerm', 'packaging/certmend.sh'];
  // rpm puts these into a scriptlet of /bin/sh: no line of theirs can say so.
  const scriptlets = ['rpm/post.sh', 'rpm/postun.sh', 'rpm/preun.sh'];
  const at = (path: string): string => join(project, path);
  await runTo(['shellcheck', ...scripts.map(at)]);
  await runTo(['shellcheck', '--shell', 'sh', ...scriptlets.map(at)]);
  await runTo(['shellcheck', '--shell', 'bash', at('packaging/completion.bash')]);
  return scripts.length + scriptlets.length + 1;
}

/** The pages as a terminal and as a strict reader see them. */
export async function assertManPages({ tree }: Built): Promise<void> {
  for (const page of ['man5/certmend.yaml.5', 'man8/certmend.8', 'man8/certmend-ca.8']) {
    const packed = join(tree, 'usr/share/man', `${page}.gz`);
    const { stdout, stderr } = await runTo(['sh', '-c', 'zcat "$0" | groff -ww -man -Tutf8', packed]);
    assert.equal(stderr, '', page);
    assert.match(stdout, /CERTMEND/, page);
    await runTo(['sh', '-c', 'zcat "$0" | mandoc -T lint -W warning', packed]);
    const { stdout: whatis } = await runTo(['lexgrog', packed]);
    assert.match(whatis, /: "certmend(?:\.yaml|-ca)? - \S/, 'what apropos finds');
  }
}
