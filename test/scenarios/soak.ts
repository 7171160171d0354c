import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ports } from '../../src/survey/ports.ts';
import { prestart } from '../../src/heal/prestart.ts';
import { createFileWriter } from '../../src/system/files/node-file-writer.ts';
import { cutAt, PowerCut } from '../crash/interrupted-writer.ts';
import { live, type Step } from '../daemon/life.ts';
import { changedPaths, fingerprintPaths, type Fingerprint } from '../fixtures/fingerprint-tree.ts';
import { reissueLeaf } from '../fixtures/damage-pair.ts';
import { day, hour, makeTree, type Tree } from '../fixtures/tree.ts';
import { seededRandom, type Random } from '../fuzz/random.ts';
import { portsAt } from '../road/run-at.ts';
import { programs, type Scenario } from './scenario.ts';
import { inScratch } from './scratch.ts';
import { assertNothingStray, liveSet, ownLeaves, pairFits } from './set-state.ts';

/**
 * A node's life in one process: the daemon on real files, a day at each of its waits, and on some days the service
 * starts, the product or a person renews, a file breaks, the power fails in the middle of a commit, the clock is wrong,
 * or the node is off for a while. The promises of certmend are looked at each day.
 */
export const soak: readonly Scenario[] = [
  {
    name: 'certmend holds its promises on each of a thousand simulated days',
    needs: [programs.openssl, programs.flock, programs.cp],
    isHeavy: false,
    run: () => thousandDays(Number(process.env['CERTMEND_SEED'] ?? Date.now() % 1_000_000)),
  },
];

const days = Number(process.env['CERTMEND_SOAK_DAYS'] ?? '1000');
/** Days. Longer, and its last known time would make the next clock suspect (P5). */
const longestSleep = 500;
const productWindow = 120 * day;

interface Node {
  readonly tree: Tree;
  readonly random: Random;
  readonly untouchable: ReadonlyMap<string, Fingerprint>;
  readonly tally: Map<string, number>;
}

async function thousandDays(seed: number): Promise<string> {
  return await inScratch(async (scratch) => {
    // The authorities outlive any number of sleeps: what comes after their end is not certmend's to heal.
    // Not before the program was built, which may have been today: such a clock is not believed.
    const begin = Date.now();
    const authority = { notBefore: begin - 2 * hour, notAfter: begin + 100 * 365 * day };
    const tree = makeTree({ directory: join(scratch, 'node'), now: begin, authority });
    const untouchable = fingerprintPaths(tree.root, tree.protectedPaths);
    const node: Node = { tree, random: seededRandom(seed), untouchable, tally: new Map() };
    let now = tree.now;
    let sleep = 0;
    const steps = Array.from({ length: days }, (): Step => async () => {
      try {
        await oneDay(node, now);
        holds(node);
      } catch (cause) {
        throw new Error(`seed ${seed}, ${new Date(now).toISOString()}`, { cause });
      }
      sleep = node.random.below(150) === 0 ? node.random.below(longestSleep) : 0;
      if (sleep > 0) count(node, 'sleeps');
      now += (1 + sleep) * day;
      if (sleep > 0) await serviceStarts(node, now);
      return { wake: 'changed', ms: (1 + sleep) * day };
    });
    const life = await live(tree.root, steps, {
      start: now,
      // The clock of the simulated machine is set by a time service whenever the daemon looks.
      ports: (ports) => ({ ...ports, synchronisation: () => 'synchronised' }),
    });
    assert.ok(life.snapshots.length >= days, `${life.snapshots.length} checks in ${days} days`);
    const told = [...node.tally].map(([what, times]) => `${times} ${what}`).join(', ');
    return `seed ${seed}: ${days} days and ${life.snapshots.length} checks to ${new Date(now).toISOString().slice(0, 10)}: ${told}`;
  });
}

async function oneDay(node: Node, now: number): Promise<void> {
  const { tree, random } = node;
  const leaf = random.pick(ownLeaves(tree));
  switch (random.below(60)) {
    case 0:
      count(node, 'renewals by the product');
      for (const { id, certificatePath } of ownLeaves(tree)) {
        if (endOf(tree, certificatePath) - now < productWindow + 200 * day)
          reissueLeaf(tree, id, { validity: { notBefore: now - hour, notAfter: now - hour + 365 * day } });
      }
      return;
    case 1:
      count(node, 'foreign changes');
      reissueLeaf(tree, leaf.id, { validity: { notBefore: now - hour, notAfter: now + 300 * day } });
      return;
    case 2:
    case 3: {
      count(node, 'damaged files');
      const path = tree.host(random.below(2) === 0 ? leaf.certificatePath : leaf.keyPath);
      const bytes = readFileSync(path);
      writeFileSync(path, random.below(2) === 0 ? bytes.subarray(0, random.below(bytes.length)) : '');
      await serviceStarts(node, now);
      return;
    }
    case 4:
      await powerFails(node, now);
      return;
    case 5:
      await clockIsWrong(node, now);
      return;
    case 6:
    case 7:
      await serviceStarts(node, now);
      return;
    default:
  }
}

async function portsNow(tree: Tree, now: number, synchronised: boolean): Promise<Ports> {
  return await portsAt(tree.root, new Date(now).toISOString(), {
    synchronisation: synchronised ? 'synchronised' : 'unknown',
  });
}

/** The boot hook, and then the service finds what it needs (P1, P4). */
async function serviceStarts(node: Node, now: number): Promise<void> {
  count(node, 'starts of the service');
  const { tree } = node;
  const { decision } = await prestart(await portsNow(tree, now, true));
  if (decision !== 'nothing-to-do') count(node, `times ${decision}`);
  for (const leaf of ownLeaves(tree)) {
    const certificate = new X509Certificate(readFileSync(tree.host(leaf.certificatePath)));
    const issuer = new X509Certificate(readFileSync(tree.host(tree.authority(leaf.issuer).certificatePath)));
    assert.ok(pairFits(tree, leaf), `${leaf.id}: the key fits`);
    assert.ok(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey), `${leaf.id}: its issuer`);
    assert.ok(certificate.validFromDate.getTime() <= now, `${leaf.id}: has begun`);
    const left = Math.min(endOf(tree, leaf.certificatePath), issuer.validToDate.getTime()) - now;
    assert.ok(left > productWindow, `${leaf.id}: ${left / day} days left`);
  }
}

/** The power fails somewhere in a run that has work to do; the next one finds all old or all new (P1). */
async function powerFails(node: Node, now: number): Promise<void> {
  count(node, 'power cuts');
  const { tree, random } = node;
  const { id } = random.pick(ownLeaves(tree));
  reissueLeaf(tree, id, { validity: { notBefore: now - 300 * day, notAfter: now - day } });
  const ports = await portsNow(tree, now, true);
  const write = await ports.writeSide();
  const { writer } = cutAt(createFileWriter(tree.root), 1 + random.below(420));
  try {
    await prestart({ ...ports, writeSide: () => Promise.resolve({ ...write, writer }) });
  } catch (error) {
    assert.ok(error instanceof PowerCut || (error instanceof Error && error.cause instanceof PowerCut), String(error));
  }
  await serviceStarts(node, now);
}

/** Long behind, or further ahead than a node sleeps, and no time service: nothing is issued (P5). */
async function clockIsWrong(node: Node, now: number): Promise<void> {
  count(node, 'wrong clocks');
  const { tree, random } = node;
  const wrong =
    random.below(2) === 0 ? now - (30 + random.below(8000)) * day : now + (1200 + random.below(20_000)) * day;
  const before = liveSet(tree);
  await prestart(await portsNow(tree, wrong, false));
  assert.deepEqual(
    changedPaths(before, liveSet(tree)),
    [],
    `a clock at ${new Date(wrong).toISOString()} changed nothing`,
  );
}

/** What holds on every day, whatever happened on it. */
function holds({ tree, untouchable }: Node): void {
  assert.deepEqual(changedPaths(untouchable, fingerprintPaths(tree.root, tree.protectedPaths)), [], 'P2');
  assertNothingStray(tree);
  const own = join(tree.root, 'var/lib/certmend');
  const generations = readdirSync(join(own, 'generations'));
  // active, standby, previous, and the retention's three
  assert.ok(generations.length <= 6, `generations are pruned: ${generations.join(' ')}`);
  for (const name of readdirSync(own, { recursive: true, encoding: 'utf8' })) {
    const { mode } = lstatSync(join(own, name));
    assert.equal(mode & 0o077, name.endsWith('.crt') || name.endsWith('.kubeconfig') ? mode & 0o044 : 0, `${name}: P9`);
  }
}

function endOf(tree: Tree, path: string): number {
  return new X509Certificate(readFileSync(tree.host(path))).validToDate.getTime();
}

function count({ tally }: Node, what: string): void {
  tally.set(what, (tally.get(what) ?? 0) + 1);
}
