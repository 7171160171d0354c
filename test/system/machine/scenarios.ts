import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprintPaths, type Fingerprint } from '../../fixtures/fingerprint-tree.ts';
import { day, type Tree } from '../../fixtures/tree.ts';
import { seededRandom } from '../../fuzz/random.ts';
import { prestartAt } from '../../road/run-at.ts';
import { programs, type Program, type Scenario } from '../scenario.ts';
import { inScratch, scratchDirectory } from '../scratch.ts';
import {
  assertAllOld,
  assertNothingStray,
  assertProtectedUntouched,
  journalExists,
  liveSet,
  ownLeaves,
  pairFits,
  replaced,
} from '../set-state.ts';
import { branch, makeDisk, powerFails, powerOn, readDisk, seen, type Disk, type Power } from './machine.ts';

const needs: readonly Program[] = [
  programs.cp,
  programs.openssl,
  { command: 'mmdebstrap', debianPackage: 'mmdebstrap' },
  { command: 'qemu-system-x86_64', debianPackage: 'qemu-system-x86' },
  { command: 'debugfs', debianPackage: 'e2fsprogs' },
  { command: 'rpmbuild', debianPackage: 'rpm' },
  { command: 'unshare', debianPackage: 'util-linux' },
];

/** A real machine with its own clock. All of them begin with the disk of a node that ran on day 0. */
export const machineScenarios: readonly Scenario[] = [
  {
    name: 'the node that slept for 400 days: rotates before its service starts, and is healthy, with no network',
    needs,
    isHeavy: true,
    run: async () => await asleep(slept),
  },
  {
    name: 'the node whose clock says 1970: starts its service and replaces nothing',
    needs,
    isHeavy: true,
    run: async () =>
      await asleep(async (node, scratch) => await wrongClock(node, scratch, { clock: 0 }, 'ClockBehind')),
  },
  {
    name: 'the node whose power fails while it rotates: all old or all new, and healthy after the next boot',
    needs,
    isHeavy: true,
    run: async () => await asleep(powerCuts),
  },
  {
    name: 'the node whose clock says 2090: starts its service and replaces nothing',
    needs,
    isHeavy: true,
    run: async () =>
      await asleep(async (node, scratch) => {
        const power = { clock: node.dayZero, setClock: Date.UTC(2090, 0, 1) };
        return await wrongClock(node, scratch, power, 'ClockAheadSuspect');
      }),
  },
  {
    name: 'the node that slept for 400 days with a full disk: its service is started, nothing is replaced, and all is when there is room',
    needs,
    isHeavy: true,
    run: async () => await asleep(fullDisk),
  },
];

/** A node that certmend prepared on day 0 and that was switched off then. */
interface Asleep {
  readonly disk: Disk;
  readonly tree: Tree;
  readonly dayZero: number;
  readonly old: ReadonlyMap<string, Fingerprint>;
  readonly protectedBefore: ReadonlyMap<string, Fingerprint>;
}

let dayZero: Promise<Asleep> | undefined;

async function asleep(work: (node: Asleep, scratch: string) => Promise<string>): Promise<string> {
  dayZero ??= sleepOnDayZero();
  const node = await dayZero;
  return await inScratch(async (scratch) => await work(node, scratch));
}

async function sleepOnDayZero(): Promise<Asleep> {
  const scratch = scratchDirectory();
  const disk = await makeDisk(scratch);
  const now = Date.now();
  await powerOn(disk, { clock: now });
  const tree = await readDisk(disk, join(scratch, 'seen'));
  assertHealthy(tree);
  assertAllOld(liveSet(disk.tree), tree);
  const protectedBefore = fingerprintPaths(tree.root, tree.protectedPaths);
  return { disk, tree, dayZero: now, old: liveSet(tree), protectedBefore };
}

function assertHealthy(tree: Tree): void {
  assert.equal(seen(tree, 'product'), 'active\n');
  assert.match(seen(tree, 'health'), /^healthy · \d+ certificates · next: .* · standby \d+ ready$/m);
  assert.equal(seen(tree, 'ask').match(/^ok /gm)?.length, 5, seen(tree, 'ask'));
}

async function slept({ disk, dayZero: begin, old, protectedBefore }: Asleep, scratch: string): Promise<string> {
  const clock = begin + 400 * day;
  const branched = await branch(disk, join(scratch, 'disk'));
  await powerOn(branched, { clock });
  const tree = await readDisk(branched, join(scratch, 'seen'));
  assertHealthy(tree);
  assert.equal(seen(tree, 'date').slice(0, 10), new Date(clock).toISOString().slice(0, 10));
  assertNew(tree, old, clock);
  assertProtectedUntouched(protectedBefore, tree);
  assertNothingStray(tree);
  const story = seen(tree, 'journal-product');
  assertOrder(story, [/Starting rke2-server/, /expired/, /generation \d+ is live/, /Started rke2-server/]);
  return `${old.size} files are new; the etcd and the TLS servers serve them`;
}

function assertOrder(text: string, steps: readonly RegExp[]): void {
  let from = 0;
  for (const step of steps) {
    const at = text.slice(from).search(step);
    assert.ok(at >= 0, `${String(step)} is missing or too early:\n${text}`);
    from += at;
  }
}

/** Every pair is another one, fits, and is valid on that day, signed by the authority on the disk. */
function assertNew(tree: Tree, old: Asleep['old'], clock: number): void {
  assert.equal(replaced(old, tree).length, old.size, 'every file of the set is replaced');
  for (const leaf of ownLeaves(tree)) {
    assert.ok(pairFits(tree, leaf), `${leaf.id}: the key fits`);
    const certificate = new X509Certificate(readFileSync(tree.host(leaf.certificatePath)));
    const issuer = new X509Certificate(readFileSync(tree.host(tree.authority(leaf.issuer).certificatePath)));
    assert.ok(certificate.verify(issuer.publicKey), `${leaf.id}: signed by ${leaf.issuer}`);
    const [from, until] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()];
    assert.ok(from <= clock && until > clock + 120 * day, `${leaf.id}: good for longer than the product's window`);
  }
}

/** The hook has decided; what follows is the commit. Under emulation that takes two seconds. */
const decided = /certmend\[\d+\]: rotate: .* material: /;
const longestMs = 2500;

async function powerCuts({ disk, dayZero: begin, old, protectedBefore }: Asleep, scratch: string): Promise<string> {
  const seed = Number(process.env['CERTMEND_SEED'] ?? Date.now() % 1_000_000);
  const random = seededRandom(seed);
  const cuts = Number(process.env['CERTMEND_CUTS'] ?? 6);
  const moments = Array.from({ length: cuts }, (_, cut) =>
    Math.round(((cut + random.below(1000) / 1000) / cuts) * longestMs),
  );
  const clock = begin + 400 * day;
  const branched = await branch(disk, join(scratch, 'disk'));
  const torn = await powerFails(branched, { clock }, { mark: decided, moments }, (n) => join(scratch, `cut-${n}`));
  const tally = { old: 0, open: 0, new: 0 };
  let half: Disk | undefined;
  for (const [n, cut] of torn.entries()) {
    const where = `seed ${seed}, cut ${n + 1} after ${moments[n] ?? 0} ms`;
    const tree = await readDisk(cut, join(scratch, `torn-${n}`));
    assertProtectedUntouched(protectedBefore, tree);
    const state = whatIsLeft(old, tree, where);
    tally[state] += 1;
    if (state === 'open') half ??= cut;
    // The next start of the service, here; for one of them on the machine itself, below.
    const { decision } = await prestartAt(tree.root, new Date(clock + 60_000).toISOString());
    assert.ok(['rotated', 'repaired', 'nothing-to-do'].includes(decision), `${where}: ${decision}`);
    assertHealed(tree, old, clock, protectedBefore);
  }
  const last = half ?? torn.at(-1);
  assert.ok(last);
  await powerOn(last, { clock: clock + 60_000 });
  const tree = await readDisk(last, join(scratch, 'seen'));
  assertHealthy(tree);
  assertHealed(tree, old, clock, protectedBefore);
  return `seed ${seed}: ${cuts} cuts found ${tally.old} all old, ${tally.open} with a journal to finish, ${tally.new} all new`;
}

/** All old or all new, or in between with a journal that says how to go on (P1). */
function whatIsLeft(old: Asleep['old'], tree: Tree, where: string): 'old' | 'open' | 'new' {
  if (journalExists(tree)) return 'open';
  const changed = replaced(old, tree).length;
  assert.ok(changed === 0 || changed === old.size, `${where}: ${changed} of ${old.size} files are new, and no journal`);
  return changed === 0 ? 'old' : 'new';
}

function assertHealed(tree: Tree, old: Asleep['old'], clock: number, protectedBefore: Asleep['protectedBefore']): void {
  assertNew(tree, old, clock + 60_000);
  assertNothingStray(tree);
  assertProtectedUntouched(protectedBefore, tree);
}

async function wrongClock(
  { disk, old, protectedBefore }: Asleep,
  scratch: string,
  power: Power,
  reason: string,
): Promise<string> {
  const branched = await branch(disk, join(scratch, 'disk'));
  await powerOn(branched, { ...power, patience: 5 });
  const tree = await readDisk(branched, join(scratch, 'seen'));
  assert.equal(seen(tree, 'product'), 'active\n', 'the service is started all the same');
  return assertRefused(tree, { old, protectedBefore }, reason);
}

/** Nothing was replaced, and the journal says why. */
function assertRefused(
  tree: Tree,
  { old, protectedBefore }: Pick<Asleep, 'old' | 'protectedBefore'>,
  reason: string,
): string {
  assertAllOld(old, tree);
  assertProtectedUntouched(protectedBefore, tree);
  const told = `${seen(tree, 'records')}${seen(tree, 'journal-product')}`;
  assert.match(told, new RegExp(reason), told.slice(-3000));
  return `${seen(tree, 'date').trim()}: ${reason}; ${seen(tree, 'health').trim()}`;
}

async function fullDisk({ disk, dayZero: begin, old, protectedBefore }: Asleep, scratch: string): Promise<string> {
  const branched = await branch(disk, join(scratch, 'disk'));
  const clock = begin + 400 * day;
  await powerOn(branched, { clock, patience: 5, isFull: true });
  const tree = await readDisk(branched, join(scratch, 'seen'));
  const story = assertRefused(tree, { old, protectedBefore }, 'StorageFull');
  // Neither can the product work on such a disk; that it was started is all that certmend owes it.
  assertOrder(seen(tree, 'journal-product'), [/Starting rke2-server/, /no space left/, / rke2\[\d+\]: /]);
  // As it was switched off, the disk had room again.
  const { decision } = await prestartAt(tree.root, new Date(clock + 60_000).toISOString());
  assert.equal(decision, 'rotated');
  assertHealed(tree, old, clock, protectedBefore);
  return story;
}
