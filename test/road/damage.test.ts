import test, { type ExecutionContext } from 'ava';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckReport, PrestartReport } from '../../src/report/document.ts';
import { runJson } from '../cli/run-cli.ts';
import { changedPaths, fingerprintPaths, type Fingerprint } from '../fixtures/fingerprint-tree.ts';
import type { Tree } from '../fixtures/tree.ts';
import { damageTable, everyPair } from './damage-table.ts';
import { damages, unnamedDamages } from './damages.ts';
import { faultsOf } from './sound-node.ts';
import { temporaryTree } from './temporary-tree.ts';

/*
 * Each row of damage-table.ts in turn: what check says, what the hook decides and does, what is left. Nothing is expected
 * here that is not in the row, but for what is true of all of them: protected paths are untouched (P2), what is in
 * quarantine is there for a reason that check gave, and the document names the files that changed.
 */

const columns = ['damaged', 'how', 'check', 'hook', 'changes', 'keeps', 'after'] as const;
type Row = Readonly<Record<(typeof columns)[number], string>>;

const [heading = [], ...lines] = damageTable
  .split('\n')
  .filter((line) => line !== '')
  .reduce<readonly (readonly string[])[]>((above, line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const last = above.at(-1);
    if (last === undefined || !line.startsWith(' ')) return [...above, cells];
    return [...above.slice(0, -1), cells.map((cell, index) => `${last[index] ?? ''} ${cell}`.trim())];
  }, []);
const rows = lines.map((cells) => Object.fromEntries(columns.map((column, index) => [column, cells[index]])) as Row);

for (const row of rows)
  test.serial(`check and prestart answer damage as its row says: ${row.damaged}: ${row.how}`, answersAsItsRow, row);

test('the table of damages has seven cells in each row, and a row for each kind of damage of the fixtures', (t) => {
  t.deepEqual(heading, [...columns]);
  t.deepEqual(
    lines.filter((cells) => cells.length !== columns.length || cells.includes('')),
    [],
  );
  const inRows = new Set(rows.flatMap(({ how }) => how.split(' + ')));
  t.deepEqual(
    Object.keys(damages).filter((name) => !inRows.has(name)),
    [],
  );
  t.deepEqual(
    unnamedDamages().toSorted(),
    // What others are made with; what only a user without privileges cannot read; a key that the products accept.
    ['asPkcs8', 'impostor', 'listenerPath', 'reissueAuthority', 'reissueLeaf', 'signingPair', 'unreadableFile'],
  );
});

async function answersAsItsRow(t: ExecutionContext, row: Row): Promise<void> {
  const name = `the row of ${row.damaged}: ${row.how}`;
  const tree = temporaryTree(t, { leaf: 'fresh' });
  const entries = row.damaged.split(' + ');
  for (const [index, how] of row.how.split(' + ').entries()) {
    const damage = damages[how];
    if (damage === undefined) throw new TypeError(`${name}: the fixtures have no such damage`);
    damage.make(tree, entries[index] ?? '');
  }
  const before = lookAt(tree);

  const check = await ask<CheckReport>(tree, 'check');
  const hook = await ask<PrestartReport>(tree, ...hookWords);
  const healed = lookAt(tree);
  const then = await ask<CheckReport>(tree, 'check');
  const again = await ask<PrestartReport>(tree, ...hookWords);

  const changed = changedPaths(before.files, healed.files);
  const say = saying(tree, row.damaged);
  const found = say.check(check);
  const left = say.check(then);
  const usual = left === found ? ending(hook) : '0 nothing-to-do';
  const isUnsound = unsound(tree);
  const seen: Row = {
    damaged: row.damaged,
    how: row.how,
    check: found,
    hook: say.hook(hook, check),
    changes: say.files(changed.map((path) => ({ path, isGone: !healed.files.has(path) }))),
    keeps: say.files(kept(tree, before)),
    after: [
      ...(left === '0' ? ['healthy'] : left === found ? ['the same'] : [left]),
      ...(ending(again) === usual ? [] : [`then ${ending(again)}`]),
      ...(isUnsound.length === 0 ? [] : [`unsound ${isUnsound.join(' ')}`]),
    ].join(', '),
  };
  t.deepEqual(seen, row, name);

  t.deepEqual(hook.document.changed.toSorted(), changed, `${name}: the document names what changed`);
  t.deepEqual(changedPaths(before.guarded, healed.guarded), [], `${name}: protected paths`);
  const codes = new Set<string>(check.document.health.reasons.map(({ code }) => code));
  t.deepEqual(
    notesOf(tree).filter(({ reason }) => !codes.has(reason)),
    [],
    `${name}: the reason in quarantine`,
  );
  const last = lookAt(tree);
  t.deepEqual(again.document.changed, [], `${name}: the next start`);
  t.deepEqual(changedPaths(healed.files, last.files), [], `${name}: the next start`);
  t.deepEqual(changedPaths(before.guarded, last.guarded), [], `${name}: protected paths at the next start`);
}

const hookWords = ['prestart', '--unit', 'rke2-server', '--strict'];

interface Answer<T> {
  readonly status: number;
  readonly document: T;
}

async function ask<T>(tree: Tree, ...words: readonly string[]): Promise<Answer<T>> {
  return runJson<T>(['--root', tree.root, ...words]);
}

function ending({ status, document }: Answer<PrestartReport>): string {
  return `${status} ${document.decision}`;
}

interface Look {
  /** Node path to what is there, below the data directory. */
  readonly files: ReadonlyMap<string, Fingerprint>;
  readonly inodes: ReadonlyMap<string, number>;
  readonly guarded: ReadonlyMap<string, Fingerprint>;
}

function lookAt(tree: Tree): Look {
  const files = fingerprintPaths(tree.root, [tree.dataDir]);
  const inodes = new Map([...files.keys()].map((path) => [path, lstatSync(tree.host(path)).ino]));
  return { files, inodes, guarded: fingerprintPaths(tree.root, tree.protectedPaths) };
}

interface Kept {
  readonly path: string;
  /** What is said of it before its name or behind it. */
  readonly isGone?: boolean;
  readonly mark?: string;
}

/** Each thing in quarantine: a `*` behind what is the very thing, and what is wrong with what is neither that nor its bytes. */
function kept(tree: Tree, before: Look): readonly Kept[] {
  const quarantine = tree.host('/var/lib/certmend/quarantine');
  const notes = notesOf(tree);
  const strays = placesIn(quarantine).filter(
    (place) =>
      !place.endsWith(noteEnd) &&
      !lstatSync(join(quarantine, place)).isDirectory() &&
      !notes.some((note) => place === note.place || place.startsWith(`${note.place}/`)),
  );
  return [
    ...notes.map(({ place }) => {
      const path = `${tree.dataDir}/${place.slice(place.indexOf('/') + 1)}`;
      const there = lstatSync(join(quarantine, place), { throwIfNoEntry: false });
      if (there === undefined) return { path, mark: ' (lost)' };
      if (there.ino === before.inodes.get(path)) return { path, mark: '*' };
      const [bytes, was] = [fingerprintPaths(quarantine, [place]).get(place)?.content, before.files.get(path)?.content];
      return { path, mark: bytes === was ? '' : ' (with other bytes)' };
    }),
    ...strays.map((place) => ({ path: place, mark: ' (without a note)' })),
  ];
}

const noteEnd = '.note.json';

function placesIn(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory, { recursive: true, encoding: 'utf8' }) : [];
}

/** Each note in quarantine: the place of what it is about, and why that is there. */
function notesOf(tree: Tree): readonly { readonly place: string; readonly reason: string }[] {
  const quarantine = tree.host('/var/lib/certmend/quarantine');
  return placesIn(quarantine).flatMap((name) => {
    if (!name.endsWith(noteEnd)) return [];
    const { reason } = JSON.parse(readFileSync(join(quarantine, name), 'utf8')) as { readonly reason: string };
    return [{ place: name.slice(0, -noteEnd.length), reason }];
  });
}

/** The leaves that openssl finds a fault in; of one that is not there, or whose authority is not, it cannot say a thing. */
function unsound(tree: Tree): readonly string[] {
  const lost = tree.leaves.filter(
    ({ certificatePath, issuer }) =>
      !existsSync(tree.host(certificatePath)) || !existsSync(tree.host(tree.authority(issuer).certificatePath)),
  );
  const judged = { ...tree, leaves: tree.leaves.filter((leaf) => !lost.includes(leaf)) };
  const faults = faultsOf(judged, { at: [Date.now()] }).map((fault) => fault.replace(/: .*/s, ''));
  return [...new Set([...lost.map(({ id }) => id), ...faults])];
}

/** How the cells of a row about these entries say what was seen. */
function saying(
  tree: Tree,
  damaged: string,
): {
  readonly check: (answer: Answer<CheckReport>) => string;
  readonly hook: (answer: Answer<PrestartReport>, check: Answer<CheckReport>) => string;
  readonly files: (files: readonly Kept[]) => string;
} {
  const reason = ({ id, code }: { readonly id?: string | null | undefined; readonly code: string }): string =>
    id === damaged ? code : `${id ?? 'node'} ${code}`;
  return {
    check({ status, document: { health, certificates } }) {
      const said = new Set(health.reasons.map(reason));
      const notes = certificates
        .flatMap(({ id, findings }) => findings.map((code) => reason({ id, code })))
        .filter((note) => !said.has(note));
      const worst = ['note', 'warning', 'critical'][status];
      const found = [
        ...health.reasons.map((each) => `${reason(each)}${each.severity === worst ? '' : ` (${each.severity})`}`),
        ...notes.map((note) => `${note} (note)`),
      ];
      return [status, found.join(', ')].join(' ').trim();
    },
    hook(answer, check) {
      const { reasons, left } = answer.document;
      const asChecked =
        [...reasons.map(reason)].sort().join() === check.document.health.reasons.map(reason).sort().join();
      const named = asChecked ? '' : `: ${reasons.map(reason).join(', ')}`;
      return `${ending(answer)}${named}${left.length === 0 ? '' : `, left ${left.map(reason).join(', ')}`}`;
    },
    files(files) {
      const names = files
        .toSorted((one, other) => (one.path < other.path ? -1 : 1))
        .map(({ path, isGone = false, mark = '' }) => {
          const name = path.replace(`${tree.dataDir}/`, '').replace(/^server\/(?:tls\/)?/, '');
          return `${isGone ? 'no ' : ''}${name}${mark}`;
        });
      const short = (name: string): string => name.replace(new RegExp(`^(no )?${damaged}(?=[.-])`), '$1');
      return inShort(names, damaged).map(short).join(' ') || '-';
    },
  };
}

/** Both files of a pair as its id, unless it is the one that the row is about; all pairs as that, and all but one. */
function inShort(names: readonly string[], damaged: string): readonly string[] {
  const isPair = (id: string): boolean => names.includes(`${id}.crt`) && names.includes(`${id}.key`);
  const others = everyPair.filter((id) => !isPair(id));
  const isAll = others.length <= 1;
  const pairs = names.flatMap((name) => {
    const id = name.replace(/\.(?:crt|key)$/, '');
    if (isAll && everyPair.includes(id)) return [];
    if (id.replace('no ', '') === damaged || !isPair(id)) return [name];
    return name.endsWith('.crt') ? [id] : [];
  });
  return isAll ? [['every pair', ...others].join(' but '), ...pairs] : pairs;
}
