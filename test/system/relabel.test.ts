import { existsSync } from 'node:fs';
import test from 'ava';
import { createRelabel } from '../../src/system/files/relabel.ts';

test('relabel has nothing to do in a tree under another root', (t) => {
  t.is(createRelabel('/nowhere')(['/etc/hostname']), undefined);
});

test('relabel has nothing to do where SELinux is off', (t) => {
  if (existsSync('/sys/fs/selinux/enforce')) {
    t.pass('SELinux is on here');
    return;
  }
  t.is(createRelabel('/')(['/etc/hostname']), undefined);
});
