import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One thing to be measured. */
export interface Contender {
  readonly name: string;
  /** Program and arguments of one round; what it prepares is not measured. Rounds count from 0. */
  readonly command: (round: number) => readonly string[];
  /** Expected exit statuses, 0 when absent: a run that fails is no measurement. */
  readonly statuses?: readonly number[];
}

/** Wall times in milliseconds by round. */
export type Times = ReadonlyMap<string, readonly number[]>;

/**
 * Runs every contender once per round, each round in another order, so that whatever else the machine does meets them
 * all alike. A first round is not counted: it fills the page cache.
 */
export function runPaired(contenders: readonly Contender[], rounds: number): Times {
  const times = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round += 1) {
    const shift = round % contenders.length;
    for (const contender of [...contenders.slice(shift), ...contenders.slice(0, shift)]) {
      const milliseconds = wallTime(contender, round);
      if (round > 0) times.get(contender.name)?.push(milliseconds);
    }
  }
  return times;
}

function wallTime({ name, command, statuses = [0] }: Contender, round: number): number {
  const [program = '', ...words] = command(round);
  const began = performance.now();
  const { status, error, stderr } = spawnSync(program, words, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: environment,
  });
  const milliseconds = performance.now() - began;
  if (error !== undefined) throw error;
  if (status === null || !statuses.includes(status))
    throw new Error(`${name} ended with ${String(status)}: ${stderr.toString()}`);
  return milliseconds;
}

const { PATH, TMPDIR } = process.env;
/** As systemd gives it to a unit: next to nothing. */
const environment = { PATH, ...(TMPDIR === undefined ? {} : { TMPDIR }), OPENSSL_CONF: '/dev/null' };

/**
 * Peak resident memory of a node program, kilobytes, as the kernel counted it for that process.
 * @param words arguments of node
 * @param scratch directory for two small files
 */
export function peakMemory(words: readonly string[], scratch: string): number {
  const [preload, report] = [join(scratch, 'peak.cjs'), join(scratch, 'peak')];
  const write = `require('node:fs').writeFileSync(${JSON.stringify(report)}, String(process.resourceUsage().maxRSS))`;
  writeFileSync(preload, `process.once('exit', () => ${write});\n`);
  spawnSync(process.execPath, ['--require', preload, ...words], { stdio: 'ignore', env: environment });
  return Number(readFileSync(report, 'utf8'));
}
