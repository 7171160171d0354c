import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

/** What a reader needs to know to judge the times. No name and no path of the machine. */
export function describeMachine(scratch: string): string {
  const [processor] = cpus();
  const fileSystem = execFileSync('stat', ['-f', '-c', '%T', scratch], { encoding: 'utf8' }).trim();
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  return [
    `${availableParallelism()} cores (${processor?.model ?? 'unknown'}), ${gibibytes} GiB`,
    `Linux ${release()}`,
    `scratch on ${fileSystem}`,
    `Node.js ${process.version}`,
    `load ${(loadavg()[0] ?? 0).toFixed(1)} at the start`,
  ].join(', ');
}
