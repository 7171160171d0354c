import test from 'ava';
import { temporaryTree } from '../road/temporary-tree.ts';
import { runBuilt } from './built.ts';

/* Whoever reads what certmend prints may leave, be slow, or have no room. None of it is a bug, and none stops a rotation. */

/** The program below a shell that does something with its output; `"$@"` is the program. */
const shell = (script: string): readonly string[] => ['sh', '-c', script, 'sh'];

test('check whose reader leaves after the first byte says nothing about it and keeps its status', async (t) => {
  const { root } = temporaryTree(t, {});
  const { stdout, stderr } = await runBuilt(
    ['--root', root, 'check', '-o', 'json'],
    shell('{ "$@"; echo "status $?" >&2; } | head -c 1'),
  );
  t.is(stdout, '{');
  t.regex(stderr, /^status [01]\n$/);
});

test('check on a full disk says that its result could not be written, and what to do', async (t) => {
  const { root } = temporaryTree(t, {});
  const { status, stderr } = await runBuilt(['--root', root, 'check'], shell('exec "$@" >/dev/full'));
  t.is(status, 73);
  t.regex(
    stderr,
    /^certmend: cannot write the result to standard output: no space left .*\(ENOSPC\)\n {2}what to do: /,
  );
  t.notRegex(stderr, /\n\s+at /);
});

test('prestart that can print nowhere rotates all the same, and lets the unit start', async (t) => {
  const { root } = temporaryTree(t, { leaf: 'expired' });
  const words = ['--root', root, 'prestart', '--unit', 'rke2-server'];
  const { status } = await runBuilt(words, shell('exec "$@" >/dev/full 2>/dev/full'));
  t.is(status, 0);
  const after = await runBuilt([...words, '-o', 'json']);
  t.is((JSON.parse(after.stdout) as { readonly decision: string }).decision, 'nothing-to-do');
});

test('check writes to the last byte into a small pipe that does not block, however slow its reader is', async (t) => {
  const { root } = temporaryTree(t, {});
  const words = ['--root', root, 'check', '-o', 'json'];
  // F_SETFL O_NONBLOCK, F_SETPIPE_SZ one page
  const small = `perl -e 'fcntl(STDOUT, 4, 2049); fcntl(STDOUT, 1031, 4096); exec @ARGV' "$@" | { sleep 0.3; cat; }`;
  const whole = await runBuilt(words);
  t.true(whole.stdout.length > 8192);
  const slow = await runBuilt(words, shell(small));
  // Seconds pass between the two.
  const timeless = ({ stdout }: { readonly stdout: string }): string =>
    stdout.replaceAll(/"(at|residualSeconds)": .*/g, '');
  t.is(timeless(slow), timeless(whole));
  t.is(slow.stderr, whole.stderr);
});
