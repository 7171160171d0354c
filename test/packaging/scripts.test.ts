import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import test from 'ava';
import { project, readProject } from '../../packaging/project.ts';
import { commands } from '../../src/cli/commands.ts';
import { program } from '../cli/built.ts';

const scriptlets = ['deb/postinst', 'deb/postrm', 'deb/prerm', 'rpm/post.sh', 'rpm/postun.sh', 'rpm/preun.sh'];
const completion = join(project, 'packaging', 'completion.bash');

for (const path of [...scriptlets, 'packaging/certmend.sh']) {
  test(`${path} is valid for sh`, (t) => {
    const { status, stderr } = spawnSync('sh', ['-n', join(project, path)], { encoding: 'utf8' });
    t.is(status, 0, stderr);
  });
}

test('no scriptlet is forgotten', (t) => {
  const there = ['deb', 'rpm'].flatMap((directory) =>
    readdirSync(join(project, directory)).map((name) => `${directory}/${name}`),
  );
  t.deepEqual(
    there.filter((path) => /^deb\/(pre|post)|\.sh$/.test(path)),
    scriptlets,
  );
});

for (const path of scriptlets) {
  test(`${path} starts, stops and restarts no unit of the product`, (t) => {
    const code = readProject(path).replaceAll(/^\s*#.*$/gm, '');
    t.notRegex(code, /rke2|k3s|kubelet/);
    for (const [line] of code.matchAll(/^.*systemctl.*\b(?:re|try-re)?(?:start|stop)\b.*$/gm))
      t.regex(line, /certmend\.service|"\$unit"/);
  });
}

for (const path of ['deb/postinst', 'deb/postrm', 'deb/prerm']) {
  test(`${path} refuses an action that it does not know`, (t) => {
    const { status, stderr } = spawnSync('sh', [join(project, path), 'dance'], { encoding: 'utf8' });
    t.is(status, 1);
    t.regex(stderr, /unknown argument 'dance'/);
  });
}

/** What the completion offers after these words, as bash calls it. */
function offers(t: { teardown: (undo: () => void) => void }, ...words: readonly string[]): readonly string[] {
  const directory = mkdtempSync(join(tmpdir(), 'certmend-completion-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  writeFileSync(join(directory, 'certmend'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, {
    mode: 0o755,
  });
  const script = '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _certmend; printf "%s\\n" "${COMPREPLY[@]}"';
  const PATH = [directory, process.env['PATH'] ?? ''].join(delimiter);
  const text = execFileSync('bash', ['--norc', '-uc', script, completion, 'certmend', ...words], {
    encoding: 'utf8',
    env: { ...process.env, PATH },
  });
  return text.split('\n').filter((line) => line !== '');
}

test('the completion is valid for bash, and registered for certmend', (t) => {
  const { status, stderr } = spawnSync('bash', ['-n', completion], { encoding: 'utf8' });
  t.is(status, 0, stderr);
  const registered = execFileSync('bash', ['--norc', '-c', '. "$0"; complete -p certmend', completion], {
    encoding: 'utf8',
  });
  t.regex(registered, /-F _certmend certmend/);
});

test('the completion offers every command', (t) => {
  for (const { name } of commands) {
    const words = name.split(' ');
    t.true(offers(t, ...words.slice(0, -1), '').includes(words.at(-1) ?? ''), name);
  }
});

test('the completion offers what begins as the word does, and the options of a command', (t) => {
  t.deepEqual(offers(t, 'ro').toSorted(), ['rollback', 'rotate']);
  t.true(offers(t, 'rotate', '--re').includes('--reuse-key'));
  t.deepEqual(offers(t, 'standby', 'ver'), ['verify']);
});
