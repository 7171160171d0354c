import test from 'ava';
import { execFileSync } from 'node:child_process';
import { shellWord } from '../../src/disk/shell-word.ts';

for (const path of ['/var/lib/rancher', "/data/o'neil/server", '/a b/$(c)/`d`', "/''/\\'", '/-n/*']) {
  test(`shellWord is one word to a shell, with nothing in it that acts: ${path}`, (t) => {
    t.is(execFileSync('sh', ['-c', `printf %s ${shellWord(path)}`], { encoding: 'utf8' }), path);
  });
}
