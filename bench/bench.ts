import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyTree, makeTree, type Tree } from '../test/fixtures/tree.ts';
import { describeMachine } from './describe-machine.ts';
import { budgetTable, figureOf, ratio, timeTable, type Row } from './figures.ts';
import { makeCertificateDirectory } from './make-directory.ts';
import { opensslScript } from './openssl-script.ts';
import { daemonFlags, restingMemory } from './resting-memory.ts';
import { peakMemory, runPaired, type Contender, type Times } from './run-paired.ts';

/**
 * `npm run bench`: the budgets of certmend, as ratios taken in one run. Never part of the tests: a busy machine is not a
 * bug. `npm run bench -- 5` takes five rounds instead of fifteen.
 */
const rounds = Number(process.argv[2] ?? '15');
const program = join(import.meta.dirname, '../dist/certmend.cjs');
const scratch = mkdtempSync(join(tmpdir(), 'certmend-bench-'));
process.once('exit', () => {
  rmSync(scratch, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

console.log(`${describeMachine(scratch)}; ${rounds} rounds\n`);
const boot = bootTimes();
const { times: directory, sizes } = directoryTimes();
console.log(budgetTable([...bootRows(boot), ...directoryRows(directory, sizes), ...memoryRows(), await restRow()]));
console.log(timeTable(new Map([...boot, ...directory])));

function certmend(root: string, ...words: readonly string[]): string[] {
  return [process.execPath, program, '--root', root, ...words];
}

function bootTimes(): Times {
  const expired = makeTree({ directory: join(scratch, 'expired'), leaf: 'expired' });
  const healthy = copyTree(expired, join(scratch, 'healthy'));
  // Its first run heals it, the first one that is not counted finds it healed.
  run(certmend(healthy.root, 'prestart', '--unit', 'rke2-server', '--strict'));
  const prepared = copyTree(expired, join(scratch, 'prepared'));
  run(certmend(prepared.root, 'standby', 'prepare'));
  const contenders: Contender[] = [
    { name: 'node -e 0', command: () => [process.execPath, '-e', '0'] },
    {
      name: 'prestart, healthy',
      command: () => certmend(healthy.root, 'prestart', '--unit', 'rke2-server', '--strict'),
    },
    { name: 'prestart, issues a set', command: freshPrestart(expired) },
    { name: 'prestart, commits a standby', command: freshPrestart(prepared) },
    { name: 'openssl, three commands a leaf', command: freshOpenssl(expired, 'three') },
    { name: 'openssl, one command a leaf', command: freshOpenssl(expired, 'one') },
  ];
  return runPaired(contenders, rounds);
}

/** A copy for each round, all made and written back before the first. */
function freshPrestart(tree: Tree): Contender['command'] {
  const copies = Array.from({ length: rounds + 1 }, (_, round) => copyTree(tree, `${tree.root}-${round}`));
  run(['sync', '-f', scratch]);
  return (round) => certmend(copies[round]?.root ?? '', 'prestart', '--unit', 'rke2-server', '--strict');
}

function freshOpenssl(tree: Tree, commands: 'three' | 'one'): Contender['command'] {
  const output = join(scratch, `openssl-${commands}`);
  mkdirSync(output);
  const script = join(scratch, `openssl-${commands}.sh`);
  writeFileSync(script, opensslScript(tree, output, commands));
  return () => ['sh', script];
}

function bootRows(times: Times): Row[] {
  const of = (name: string): readonly number[] => times.get(name) ?? [];
  const floor = of('node -e 0');
  const issuing = of('prestart, issues a set');
  return [
    {
      what: 'healthy `prestart` to `node -e 0`',
      budget: 3,
      aim: 1.6,
      unit: '×',
      figure: ratio(of('prestart, healthy'), floor),
    },
    {
      what: '`prestart` that issues a set to `node -e 0`',
      budget: 8,
      aim: 4,
      unit: '×',
      figure: ratio(issuing, floor),
    },
    {
      what: 'the same to openssl only issuing, three commands a leaf',
      budget: 1 / 3,
      unit: '×',
      figure: ratio(issuing, of('openssl, three commands a leaf')),
    },
    {
      what: 'the same to openssl only issuing, one command a leaf',
      unit: '×',
      figure: ratio(issuing, of('openssl, one command a leaf')),
    },
    {
      what: '`prestart` that commits a standby to `node -e 0`',
      budget: 6,
      aim: 3,
      unit: '×',
      figure: ratio(of('prestart, commits a standby'), floor),
    },
  ];
}

function directoryTimes(): { readonly times: Times; readonly sizes: readonly number[] } {
  const sizes = [1, 100, 1000, 10_000];
  const contenders = sizes.map((size): Contender => {
    const path = join(scratch, `certificates-${size}`);
    makeCertificateDirectory(path, size, Date.now());
    return { name: checkOf(size), command: () => certmend('/', 'check', '--path', path) };
  });
  const loop = 'for f in */*.crt; do openssl x509 -noout -enddate -checkend 10368000 -in $f; done';
  const script = `cd ${join(scratch, 'certificates-100')} && ${loop}`;
  contenders.push({ name: 'openssl x509 in a loop, 100 certificates', command: () => ['sh', '-c', script] });
  return { times: runPaired(contenders, Math.ceil(rounds / 2)), sizes: sizes.slice(1) };
}

function checkOf(size: number): string {
  return `check --path, ${size} ${size === 1 ? 'certificate' : 'certificates'}`;
}

function directoryRows(times: Times, sizes: readonly number[]): Row[] {
  const start = times.get(checkOf(1)) ?? [];
  const each = (size: number): number[] =>
    (times.get(checkOf(size)) ?? []).map((time, round) => (time - (start[round] ?? Number.NaN)) / (size - 1));
  const rows = sizes.map((size): Row => ({
    what: `\`check\` of ${size}, per certificate above start-up`,
    ...(size === 10_000 ? { budget: 0.25, aim: 0.12 } : {}),
    unit: 'ms',
    figure: figureOf(each(size)),
  }));
  const linearity = ratio(each(10_000), each(1000));
  const loop = times.get('openssl x509 in a loop, 100 certificates') ?? [];
  return [
    ...rows,
    { what: 'the same, 10,000 to 1,000 (1 is linear)', unit: '×', figure: linearity },
    { what: '`check` of 100 to openssl x509 in a loop', unit: '×', figure: ratio(times.get(checkOf(100)) ?? [], loop) },
  ];
}

function memoryRows(): Row[] {
  const expired = makeTree({ directory: join(scratch, 'memory'), leaf: 'expired' });
  const [, ...prestart] = certmend(expired.root, 'prestart', '--unit', 'rke2-server');
  const floor = Array.from({ length: 5 }, () => peakMemory(['-e', '0'], scratch));
  const issuing = peakMemory(prestart, scratch);
  const healthy = Array.from({ length: 5 }, () => peakMemory(prestart, scratch));
  return [
    {
      what: 'peak memory of a healthy `prestart` to `node -e 0`',
      budget: 2,
      aim: 1.5,
      unit: '×',
      figure: ratio(healthy, floor),
    },
    {
      what: 'peak memory of one that issues to `node -e 0`',
      budget: 2,
      aim: 1.5,
      unit: '×',
      figure: ratio([issuing], floor),
    },
  ];
}

async function restRow(): Promise<Row> {
  const tree = makeTree({ directory: join(scratch, 'rest') });
  const [, ...daemon] = certmend(tree.root, 'daemon');
  const idle: number[] = [];
  const resting: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    idle.push(await restingMemory(['-e', 'setInterval(() => {}, 1e6)']));
    resting.push(await restingMemory([...daemonFlags, ...daemon]));
  }
  const figure = ratio(resting, idle);
  return { what: 'daemon at rest: resident memory to an idle `node`', budget: 1.6, aim: 1.25, unit: '×', figure };
}

function run([command = '', ...words]: readonly string[]): void {
  execFileSync(command, words, { stdio: 'ignore' });
}
