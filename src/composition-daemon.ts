import type { Arguments } from './cli/command.ts';
import type { Io } from './cli/io.ts';
import { compose } from './composition.ts';
import type { DaemonPorts } from './daemon/ports.ts';
import { emptyMemory } from './inventory/inventory-memory.ts';
import { makesBackups } from './state/last-backup.ts';
import { systemClock } from './system/clock.ts';
import { fromWorkingDirectory } from './system/files/working-directory.ts';
import { readHostFacts } from './system/host-facts.ts';
import type { MetricsServer } from './system/metrics-server.ts';

/** A backup is some hundred kilobytes; a disk that takes longer hangs. */
const backupTimeoutMs = 600_000;

/** This very program, as it was started: the sandbox of the unit allows no other way to run it. */
function backupCommand({ root, config }: Arguments): readonly string[] {
  const own = config === undefined ? [] : ['--config', fromWorkingDirectory(config)];
  const words = ['--root', fromWorkingDirectory(root), ...own, 'backup', 'create', '-o', 'json'];
  return [process.execPath, ...process.execArgv, process.argv[1] ?? '', ...words];
}

/** What only the daemon needs. Its configuration can be read again while it runs. */
export async function composeDaemon(args: Arguments, io: Io): Promise<DaemonPorts> {
  // Else ps and systemctl status show the runtime's own name for its main thread. Not for the boot hook: it is gone soon.
  process.title = 'certmend';
  const [{ createNotifier }, { createWaker }, { createFileWriter }, { writeTextfile }, { runProgram }] =
    await Promise.all([
      import('./system/systemd/notifier.ts'),
      import('./system/waker.ts'),
      import('./system/files/node-file-writer.ts'),
      import('./system/files/textfile.ts'),
      import('./system/run-program.ts'),
    ]);
  let served: { readonly listen: string; readonly server: MetricsServer } | undefined;
  /** An address that stays the same stays open; a new one is open before the old one is closed. */
  const serve = async (listen: string | undefined): Promise<void> => {
    if (listen === served?.listen) return;
    const before = served;
    const { openMetricsServer } = await import('./system/metrics-server.ts');
    served = listen === undefined ? undefined : { listen, server: await openMetricsServer(listen) };
    await before?.server.close();
  };
  return {
    load: async () => {
      const ports = await compose(args, io, { askSystemd: true });
      const { metrics, notify } = ports.config;
      await serve(metrics.listen);
      const { exec } = notify;
      return {
        look: () => ({ ...ports, host: readHostFacts(ports.root), memory: emptyMemory() }),
        publish: (snapshot) => {
          served?.server.show(snapshot);
          if (metrics.textfile !== undefined)
            writeTextfile(createFileWriter(ports.root), metrics.textfile, snapshot.metrics);
        },
        backUp: makesBackups(ports.config)
          ? (ended) => runProgram(backupCommand(args), '', { timeoutMs: backupTimeoutMs, ended })
          : undefined,
        rememberLook: async (unit) => {
          const { lookAhead } = await import('./heal/remember-look.ts');
          // As its drop-in runs it: without --config, and asking nobody.
          const asked = { root: args.root, config: undefined, believeClock: false, unit: `${unit}.service` };
          await lookAhead(() => compose({ ...args, ...asked }, io, { askSystemd: false, records: true }), asked.unit);
        },
        announce:
          exec === undefined
            ? undefined
            : (document, ended) => runProgram(exec, document, { timeoutMs: notify.timeoutMs, ended }),
      };
    },
    notifier: createNotifier(io.env, (problem) => {
      io.stderr.write(`certmend: ${problem}\n`);
    }),
    waker: createWaker(fromWorkingDirectory(args.root), systemClock()),
    // There when the runtime was started with --expose-gc, as the unit does.
    rest: () => {
      globalThis.gc?.();
    },
    close: () => serve(undefined),
  };
}
