import type { Io } from '../../src/cli/io.ts';
import type { Config } from '../../src/config/config.ts';
import type { DaemonPorts, Snapshot, Wake } from '../../src/daemon/ports.ts';
import type { Ports } from '../../src/survey/ports.ts';
import { builtModule } from '../cli/built-module.ts';

const { compose } = builtModule<typeof import('../../src/composition.ts')>('src/composition.ts');
const { noArguments } = builtModule<typeof import('../../src/cli/command.ts')>('src/cli/command.ts');
const { daemon } = builtModule<typeof import('../../src/daemon/daemon.ts')>('src/daemon/daemon.ts');
const { emptyMemory } = builtModule<typeof import('../../src/inventory/inventory-memory.ts')>(
  'src/inventory/inventory-memory.ts',
);

export interface Life {
  /** What systemd was told, in order: `ready: …`, `status: …`, `alive`, `reloading`, `stopping`. */
  readonly told: readonly string[];
  readonly snapshots: readonly Snapshot[];
  /** Documents that the program of notify.exec was given. */
  readonly announced: readonly string[];
  /** How long each wait was asked for, milliseconds. */
  readonly waits: readonly number[];
  /** Directories that were watched last. */
  readonly watched: readonly string[];
}

/** What happens during a wait: time passes (all that was asked for, unless `ms` says less), and something wakes the daemon. */
export type Step = (life: Life) => Happened | undefined | Promise<Happened | undefined>;

interface Happened {
  readonly wake?: Wake;
  readonly ms?: number;
  /** The wall clock is set: it alone moves, by so much more. */
  readonly jumpMs?: number;
}

export interface LifeOptions {
  readonly start?: number;
  readonly watchdogEveryMs?: number;
  /** Settings in place of the defaults; read again at each reload. */
  readonly settings?: () => Partial<Config>;
  readonly announce?: (document: string, life: Life) => string | undefined | Promise<string | undefined>;
  /** False when notify.exec names no program. */
  readonly announces?: boolean;
  readonly ports?: (ports: Ports) => Ports;
  /** SIGTERM, whenever it comes. */
  readonly stop?: AbortController;
}

const silent: Io = {
  stdout: { write: () => undefined, isTerminal: false, columns: undefined },
  stderr: { write: () => undefined, isTerminal: false, columns: undefined },
  env: { PATH: process.env['PATH'] },
  confirm: undefined,
  damagedParts: () => [],
};

/**
 * The daemon's life on real files, with the time and the signals of a script: one step for each wait, then SIGTERM.
 * Nothing of the daemon is replaced; systemd, the clock and the operator's program are.
 */
export async function live(root: string, steps: readonly Step[], options: LifeOptions = {}): Promise<Life> {
  const stop = options.stop ?? new AbortController();
  const told: string[] = [];
  const snapshots: Snapshot[] = [];
  const announced: string[] = [];
  const waits: number[] = [];
  let watched: readonly string[] = [];
  const started = options.start ?? Date.now();
  let [passed, jumped] = [0, 0];
  const life: Life = {
    told,
    snapshots,
    announced,
    waits,
    get watched() {
      return watched;
    },
  };
  const say = (text: string): Promise<void> => {
    told.push(text);
    return Promise.resolve();
  };
  const clock: Ports['clock'] = {
    now: () => started + passed + jumped,
    monotonic: () => passed,
    sleep: (ms) => {
      passed += ms;
      // As a real timer: what else is due comes first.
      return new Promise((resolve) => setImmediate(resolve));
    },
  };
  const base = await compose({ ...noArguments, root }, silent, { askSystemd: false });
  const load = (): ReturnType<DaemonPorts['load']> => {
    const config = { ...base.config, ...options.settings?.() };
    const ports: Ports = { ...base, clock, config, clockIsShifted: true, synchronisation: () => 'unknown' };
    return Promise.resolve({
      look: () => {
        const now = { ...ports, memory: emptyMemory() };
        return options.ports?.(now) ?? now;
      },
      publish: (snapshot) => void snapshots.push(snapshot),
      announce:
        options.announces === false
          ? undefined
          : (document): Promise<string | undefined> => {
              announced.push(document);
              return Promise.resolve(options.announce?.(document, life));
            },
    });
  };
  await daemon({
    load: async () => load(),
    notifier: {
      watchdogEveryMs: options.watchdogEveryMs,
      ready: (status) => say(`ready: ${status}`),
      status: (line) => say(`status: ${line}`),
      alive: () => say('alive'),
      reloading: () => say('reloading'),
      stopping: () => say('stopping'),
    },
    waker: {
      stopping: stop.signal,
      wait: async (ms) => {
        waits.push(ms);
        const step = steps[waits.length - 1];
        if (step === undefined) {
          stop.abort();
          return 'stop';
        }
        const happened = await step(life);
        passed += happened?.ms ?? ms;
        jumped += happened?.jumpMs ?? 0;
        return happened?.wake ?? 'elapsed';
      },
      watch: (directories) => {
        watched = directories;
      },
      close: () => undefined,
    },
    rest: () => {
      globalThis.gc?.();
    },
    close: () => Promise.resolve(),
  });
  return life;
}

/** A step in which nothing happens. */
export const pass: Step = () => undefined;
