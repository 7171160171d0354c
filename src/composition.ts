import type { SessionArguments } from './cli/command.ts';
import type { Io } from './cli/io.ts';
import type { Config } from './config/config.ts';
import { parseInstant } from './time/rfc3339.ts';
import { loadConfig } from './config/load-config.ts';
import { CertmendError, exitStatus } from './error.ts';
import type { Ports, WriteSide } from './survey/ports.ts';
import type { Scratch } from './heal/rehearse.ts';
import { emptyMemory } from './inventory/inventory-memory.ts';
import { shiftedClock, systemClock, type Clock, readSynchronisation } from './system/clock.ts';
import { readHostFacts } from './system/host-facts.ts';
import { createFileReader } from './system/files/node-file-reader.ts';
import { recordReads } from './disk/recorded-reads.ts';
import { replaceCache } from './disk/durable-write.ts';
import { healthyLookPath } from './state/healthy-look.ts';
import { requireRoot } from './system/files/require-root.ts';
import { fromWorkingDirectory } from './system/files/working-directory.ts';

export { fromWorkingDirectory };

/** How a command differs in what it may ask of the outside. */
export interface Composition {
  /** `never` on the boot path: asking systemd about the unit it is about to start could wait for itself (P3). */
  readonly askSystemd: boolean;
  /** Writes down what is asked of the disk, for the boot hook to remember. */
  readonly records?: boolean;
}

/**
 * The only place that builds real adapters. Reads certmend's own configuration on the way.
 *
 * @throws CertmendError Usage (exit 64) for a bad --at or --root, ConfigInvalid (exit 78)
 */
export async function compose(
  args: SessionArguments,
  io: Io,
  { askSystemd, records = false }: Composition,
): Promise<Ports> {
  const root = fromWorkingDirectory(args.root);
  const recording = records ? recordReads(createFileReader(root), healthyLookPath) : undefined;
  const reader = recording?.reader ?? createFileReader(root);
  if (root !== '/') requireRoot(args.root, reader);
  const clock = clockFor(args.at);
  const config =
    args.config === undefined
      ? await loadConfig(reader)
      : await loadConfig(createFileReader('/'), fromWorkingDirectory(args.config));
  const { serviceRunning, ...running } = askSystemd && root === '/' ? await theMachine(clock) : neverAsks;
  return {
    root,
    reader,
    clock,
    config,
    host: readHostFacts(root),
    memory: emptyMemory(),
    synchronisation: () => readSynchronisation(root),
    hints: { unit: args.unit, configuredUnit: config.unit, layout: config.layout, dataDir: config.dataDir },
    operatorBelieves: args.believeClock,
    repairBootstrap: args.repairBootstrap ?? false,
    clockIsShifted: args.at !== undefined,
    serviceRunning: askSystemd ? serviceRunning : (): boolean => false,
    ...running,
    look: recording === undefined ? undefined : { answers: recording.answers, keep: (bytes) => keepLook(root, bytes) },
    writeSide: onlyOnce(() => composeWriteSide({ root, clock, io, config, unit: args.unit })),
  };
}

/**
 * A private directory below /run/certmend (the system's temporary directory when that cannot be written), and ports
 * that have it as their root and show the instant of --at, which is now without it. Removed by `remove`, also when a
 * signal ends the process; a copy that a kill left behind is removed by the next one, and by whoever takes the lock.
 *
 * @throws CertmendError Usage for a bad --at
 */
export async function scratchCopy(ports: Ports, args: SessionArguments, io: Io): Promise<Scratch> {
  const [{ createFileWriter }, { makeScratchDirectory }] = await Promise.all([
    import('./system/files/node-file-writer.ts'),
    import('./system/files/scratch-directory.ts'),
  ]);
  // Before there is a directory that would have to be removed again.
  const clock = clockFor(args.at);
  const { directory, remove } = makeScratchDirectory(ports.root);
  return {
    ports: {
      ...ports,
      root: directory,
      reader: createFileReader(directory),
      memory: emptyMemory(),
      clock,
      // Nobody waits in a rehearsal: a clock that is shown otherwise does not become right by waiting.
      config: { ...ports.config, clock: { ...ports.config.clock, maxWaitMs: 0 } },
      synchronisation: args.at === undefined ? ports.synchronisation : (): 'unknown' => 'unknown',
      clockIsShifted: args.at !== undefined,
      ...neverAsks,
      serviceRunning: () => false,
      writeSide: onlyOnce(() =>
        composeWriteSide({
          root: directory,
          space: ports.root,
          clock,
          io: silent(io),
          config: ports.config,
          unit: undefined,
        }),
      ),
    },
    writer: createFileWriter(directory),
    remove,
  };
}

/** A rehearsal's audit goes to the copy's own file: the operator's console must not tell of a commit that never was. */
function silent(io: Io): Io {
  return { ...io, stderr: { ...io.stderr, write: () => undefined } };
}

type Machine = Pick<
  Ports,
  'serviceRunning' | 'unitRun' | 'restartUnit' | 'servedChain' | 'askHealth' | 'askSupervisor' | 'openApi'
>;

const neverAsks: Machine = {
  serviceRunning: () => undefined,
  unitRun: () => undefined,
  restartUnit: () => 'there is no systemd to be asked',
  servedChain: () => Promise.resolve(undefined),
  askHealth: () => Promise.resolve({ is: 'unasked' }),
  askSupervisor: () => Promise.resolve({ is: 'absent' }),
  openApi: () => Promise.resolve({ ask: () => Promise.resolve({ is: 'absent' }), close: () => undefined }),
};

async function theMachine(clock: Clock): Promise<Machine> {
  const { restartUnit, serviceRunning, unitRun } = await import('./system/systemd/units.ts');
  return {
    serviceRunning,
    restartUnit,
    unitRun: (unit) => unitRun(unit, clock.monotonic()),
    servedChain: async (port) => {
      const { servedChain } = await import('./system/served-chain.ts');
      return servedChain(port);
    },
    askHealth: async (request) => {
      const { askHealth } = await import('./system/ask-health.ts');
      return askHealth(request);
    },
    askSupervisor: async (request) => {
      const { askSupervisor } = await import('./system/ask-supervisor.ts');
      return askSupervisor(request);
    },
    openApi: async (target) => {
      const { openApi } = await import('./system/open-api.ts');
      return openApi(target);
    },
  };
}

/** The write side is loaded by the first command that writes: the healthy boot path never pays for it. */
async function composeWriteSide({
  root,
  space = root,
  clock,
  io,
  config,
  unit,
}: {
  readonly root: string;
  /** Where the space must be that a commit needs: a rehearsal's is the node's. */
  readonly space?: string;
  readonly clock: Clock;
  readonly io: Io;
  readonly config: Config;
  readonly unit: string | undefined;
}): Promise<WriteSide> {
  const [
    { createFileWriter },
    { createStorage },
    { createRelabel },
    { acquireLock },
    { removeAbandonedScratch },
    { openAudit },
    { randomBytes },
  ] = await Promise.all([
    import('./system/files/node-file-writer.ts'),
    import('./system/files/storage.ts'),
    import('./system/files/relabel.ts'),
    import('./system/files/lock.ts'),
    import('./system/files/scratch-directory.ts'),
    import('./system/open-audit.ts'),
    import('node:crypto'),
  ]);
  return {
    writer: createFileWriter(root),
    storage: createStorage(space),
    relabel: createRelabel(root),
    audit: openAudit({
      root,
      clock,
      env: io.env,
      stderr: io.stderr,
      maxFileBytes: config.audit.maxFileSizeBytes,
      unit,
    }),
    lock: (waitMs) => {
      const lock = acquireLock(root, { waitMs });
      removeAbandonedScratch(root);
      return lock;
    },
    randomHex: (bytes) => randomBytes(bytes).toString('hex'),
  };
}

async function keepLook(root: string, bytes: Buffer): Promise<void> {
  const [{ createFileWriter }, { randomBytes }] = await Promise.all([
    import('./system/files/node-file-writer.ts'),
    import('node:crypto'),
  ]);
  replaceCache(createFileWriter(root), healthyLookPath, bytes, randomBytes(8).toString('hex'));
}

function clockFor(at: string | undefined): Clock {
  const clock = systemClock();
  if (at === undefined) return clock;
  const now = clock.now();
  const instant = parseInstant(at, now);
  if (instant === undefined) {
    throw new CertmendError('Usage', `--at ${at} is not a time`, {
      exit: exitStatus.usage,
      hint: 'an RFC 3339 time (2027-03-01T00:00:00Z), or relative to now: +400d, +12h',
    });
  }
  return shiftedClock(clock, instant - now);
}

function onlyOnce<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
