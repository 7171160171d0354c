import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import { createFileReader } from '../../src/system/files/node-file-reader.ts';

/** What somebody else could do to a file that certmend acts on, and whether it is believed then. */
const cases: readonly (readonly [what: string, spoil: (directory: string, file: string) => void, believed: boolean])[] =
  [
    ['is ours alone', () => undefined, true],
    [
      'everybody may read',
      (_, file) => {
        chmodSync(file, 0o644);
      },
      true,
    ],
    [
      'everybody may write',
      (_, file) => {
        chmodSync(file, 0o606);
      },
      false,
    ],
    [
      'lies where everybody may write',
      (directory) => {
        chmodSync(directory, 0o707);
      },
      false,
    ],
    [
      'everybody may put another directory of ours in the place of',
      (directory) => {
        chmodSync(join(directory, '..'), 0o707);
      },
      false,
    ],
    [
      'is reached by a link of ours',
      (directory, file) => {
        behindLink(directory, file, 0o700);
      },
      true,
    ],
    [
      'is reached by a link where everybody may write',
      (directory, file) => {
        behindLink(directory, file, 0o777);
      },
      false,
    ],
    [
      'lies in a sticky directory',
      (directory) => {
        chmodSync(directory, 0o1777);
      },
      true,
    ],
  ];
/** The file is moved, and two links lead to it: its old name, and what that points to. Returns the second one. */
function behindLink(directory: string, file: string, mode: number): string {
  const [middle, end] = [join(directory, 'middle'), join(directory, 'end')];
  mkdirSync(middle);
  mkdirSync(end, { mode: 0o700 });
  chmodSync(middle, mode);
  renameSync(file, join(end, 'file'));
  symlinkSync('../end/file', join(middle, 'link'));
  symlinkSync('middle/link', file);
  return join(middle, 'link');
}

/** Only root can give a file away. */
const ofOthers: typeof cases = [
  [
    'belongs to somebody',
    (_, file) => {
      chownSync(file, 65_534, 0);
    },
    false,
  ],
  [
    'lies in a directory of somebody',
    (directory) => {
      chownSync(directory, 65_534, 0);
    },
    false,
  ],
  [
    'lies below a directory of somebody',
    (directory) => {
      chownSync(join(directory, '..'), 65_534, 0);
    },
    false,
  ],
  [
    'is reached by a link of somebody',
    (directory, file) => {
      lchownSync(behindLink(directory, file, 0o700), 65_534, 0);
    },
    false,
  ],
  [
    'is reached by way of a link in a directory of somebody',
    (directory, file) => {
      chownSync(dirname(behindLink(directory, file, 0o700)), 65_534, 0);
    },
    false,
  ],
  [
    'another group may write',
    (_, file) => {
      chownSync(file, 0, 65_534);
      chmodSync(file, 0o660);
    },
    false,
  ],
];

for (const [what, spoil, believed] of [...cases, ...(process.geteuid?.() === 0 ? ofOthers : [])]) {
  test(`readOwn ${believed ? 'believes' : 'does not believe'} a file that ${what}`, (t) => {
    const root = mkdtempSync(join(tmpdir(), 'certmend-own-'));
    t.teardown(() => {
      rmSync(root, { recursive: true, force: true });
    });
    const directory = join(root, 'above', 'own');
    mkdirSync(directory, { mode: 0o700, recursive: true });
    const file = join(directory, 'state.json');
    writeFileSync(file, '{}', { mode: 0o600 });
    spoil(directory, file);
    t.like(
      createFileReader(root).readOwn('/above/own/state.json'),
      believed ? { state: 'regular' } : { state: 'unreadable', problem: 'not-ours' },
    );
  });
}
