import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprintPaths, type Fingerprint } from '../../fixtures/fingerprint-tree.ts';
import { day, type Tree } from '../../fixtures/tree.ts';
import { programs, type Program, type Scenario } from '../scenario.ts';
import { inScratch, scratchDirectory } from '../scratch.ts';
import {
  assertAllOld,
  assertNothingStray,
  assertProtectedUntouched,
  liveSet,
  ownLeaves,
  pairFits,
  replaced,
} from '../set-state.ts';
import { branch, makeDisk, powerOn, readDisk, seen, type Disk } from './machine.ts';

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
    run: async () => await asleep(async (node, scratch) => await wrongClock(node, scratch, 0, 'ClockBehind')),
  },
];

/** Run on demand, `CERTMEND_MACHINE=all`: an emulated boot is half a minute, and these are many. */
export const longMachineScenarios: readonly Scenario[] = [
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
      await asleep(async (node, scratch) => await wrongClock(node, scratch, Date.UTC(2090, 0, 1), 'ClockAheadSuspect')),
  },
  {
    name: 'the node that slept for 400 days with a full disk: starts its service and replaces nothing',
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

async function powerCuts({ disk, dayZero: begin, old, protectedBefore }: Asleep, scratch: string): Promise<string> {
  const seed = Number(process.env['CERTMEND_SEED'] ?? Date.now() % 1_000_000);
  const random = generator(seed);
  const tally = { old: 0, open: 0, new: 0 };
  const [cuts, longest] = [Number(process.env['CERTMEND_CUTS'] ?? 4), 16_000];
  for (let cut = 0; cut < cuts; cut += 1) {
    const after = Math.round(((cut + random()) / cuts) * longest);
    const where = `seed ${seed}, cut ${cut + 1} after ${after} ms`;
    const branched = await branch(disk, join(scratch, 'disk'));
    const clock = begin + 400 * day;
    await powerOn(branched, { clock, cutAfter: after });
    const torn = await readDisk(branched, join(scratch, 'torn'));
    assertProtectedUntouched(protectedBefore, torn);
    const changed = replaced(old, torn).length;
    if (changed === 0) tally.old += 1;
    else if (changed === old.size) tally.new += 1;
    else {
      tally.open += 1;
      assert.ok(
        fingerprintPaths(torn.root, ['/var/lib/certmend/journal.json']).size === 1,
        `${where}: torn, no journal`,
      );
    }
    await powerOn(branched, { clock: clock + 60_000 });
    const tree = await readDisk(branched, join(scratch, 'seen'));
    assertHealthy(tree);
    assertNew(tree, old, clock);
    assertNothingStray(tree);
    assertProtectedUntouched(protectedBefore, tree);
    for (const name of ['torn', 'seen']) rmSync(join(scratch, name), { recursive: true });
  }
  return `seed ${seed}: ${cuts} cuts found ${tally.old} all old, ${tally.open} with a journal to finish, ${tally.new} all new`;
}

/** Numbers from 0 to 1 that follow from a seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function wrongClock(
  { disk, old, protectedBefore }: Asleep,
  scratch: string,
  clock: number,
  reason: string,
): Promise<string> {
  const branched = await branch(disk, join(scratch, 'disk'));
  await powerOn(branched, { clock, patience: 5 });
  return await assertRefused(branched, join(scratch, 'seen'), { old, protectedBefore }, reason);
}

/** The product runs, nothing was replaced, and the journal of the product says why. */
async function assertRefused(
  disk: Disk,
  directory: string,
  { old, protectedBefore }: Pick<Asleep, 'old' | 'protectedBefore'>,
  reason: string,
): Promise<string> {
  mkdirSync(directory);
  const tree = await readDisk(disk, directory);
  assert.equal(seen(tree, 'product'), 'active\n', 'the service is started all the same');
  assertAllOld(old, tree);
  assertProtectedUntouched(protectedBefore, tree);
  const told = `${seen(tree, 'records')}${seen(tree, 'journal-product')}`;
  assert.match(told, new RegExp(reason), told.slice(-3000));
  return `${seen(tree, 'date').trim()}: ${reason}; ${seen(tree, 'health').trim()}`;
}

async function fullDisk({ disk, dayZero: begin, old, protectedBefore }: Asleep, scratch: string): Promise<string> {
  const branched = await branch(disk, join(scratch, 'disk'));
  await powerOn(branched, { clock: begin + 400 * day, patience: 5, isFull: true });
  return await assertRefused(branched, join(scratch, 'seen'), { old, protectedBefore }, 'StorageFull');
}
