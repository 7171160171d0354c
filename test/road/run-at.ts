import type { Io } from '../../src/cli/io.ts';
import type { Outcome } from '../../src/session/outcome.ts';
import type { Ports } from '../../src/survey/ports.ts';
import type { Synchronisation } from '../../src/assess/assessment.ts';
import { builtModule } from '../cli/built-module.ts';

const { compose } = builtModule<typeof import('../../src/composition.ts')>('src/composition.ts');
const { noArguments } = builtModule<typeof import('../../src/cli/command.ts')>('src/cli/command.ts');
const { prestart } = builtModule<typeof import('../../src/heal/prestart.ts')>('src/heal/prestart.ts');

const silent: Io = {
  stdout: { write: () => undefined, isTerminal: false, columns: undefined },
  stderr: { write: () => undefined, isTerminal: false, columns: undefined },
  env: { PATH: process.env['PATH'] },
  confirm: undefined,
  damagedParts: () => [],
};

/** The real ports of a tree under another clock; a wait for the clock costs no time. */
export async function portsAt(
  root: string,
  at: string,
  options: { readonly synchronisation?: Synchronisation; readonly believe?: boolean; readonly unit?: string } = {},
): Promise<Ports> {
  const args = {
    ...noArguments,
    root,
    at,
    unit: options.unit ?? 'rke2-server',
    believeClock: options.believe ?? false,
  };
  const ports = await compose(args, silent, { askSystemd: false });
  let waited = 0;
  const clock = {
    now: () => ports.clock.now(),
    monotonic: () => ports.clock.monotonic() + waited,
    sleep: (ms: number) => {
      waited += ms;
      return Promise.resolve();
    },
  };
  return { ...ports, clock, synchronisation: () => options.synchronisation ?? 'unknown' };
}

export async function prestartAt(
  root: string,
  at: string,
  options: Parameters<typeof portsAt>[2] = {},
): Promise<Outcome> {
  return prestart(await portsAt(root, at, options));
}
