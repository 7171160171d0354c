import { composeDaemon } from '../../composition-daemon.ts';
import { daemon } from '../../daemon/daemon.ts';
import { CertmendError, exitStatus, type ExitStatus } from '../../error.ts';
import type { Arguments } from '../command.ts';
import type { Io } from '../io.ts';
import { sayFailure } from '../say-failure.ts';

/** Less than TimeoutStartSec= of the unit; then systemd begins anew, and what is wrong is said again. */
const patienceMs = 120_000;
const pollMs = 2000;

export async function run(args: Arguments, io: Io): Promise<ExitStatus> {
  const ports = await composeDaemon(args, io);
  if (await configured(ports, io)) await daemon(ports);
  return exitStatus.ok;
}

/**
 * A configuration that is refused at the start is waited for: whoever corrects the file need not know that the service
 * ended because of it.
 *
 * @returns false when the service was told to stop meanwhile
 * @throws CertmendError ConfigInvalid when it is still refused after two minutes
 */
async function configured({ load, waker }: Awaited<ReturnType<typeof composeDaemon>>, io: Io): Promise<boolean> {
  let isTold = false;
  for (let waited = 0; ; waited += pollMs) {
    try {
      await load();
      return true;
    } catch (error) {
      if (!(error instanceof CertmendError) || error.code !== 'ConfigInvalid') throw error;
      if (waited >= patienceMs) throw error;
      if (!isTold) {
        sayFailure(error, io);
        io.stderr.write(
          '  the daemon waits for the corrected file and continues by itself; to continue now: systemctl restart certmend\n',
        );
      }
      isTold = true;
      await waker.wait(pollMs);
      if (waker.stopping.aborted) return false;
    }
  }
}
