import { CertmendError } from '../error.ts';
import type { Memory } from './memory.ts';
import type { DaemonPorts } from './ports.ts';
import { record } from './record.ts';

/** A bad new configuration leaves the old one at work, and says so until a good one comes. */
export async function reload(ports: DaemonPorts, memory: Memory): Promise<Memory> {
  await ports.notifier.reloading();
  const old = memory.loaded;
  try {
    const loaded = await ports.load();
    await record(loaded.look(), {
      event: 'configuration-loaded',
      priority: 'notice',
      message: 'the configuration was reloaded',
    });
    await ports.notifier.ready(memory.line);
    return { ...memory, loaded, remarks: { ...memory.remarks, configuration: undefined } };
  } catch (error) {
    if (!(error instanceof CertmendError)) throw error;
    const message = `the new configuration was refused and the old one stays in use: ${error.message}`;
    await record(old.look(), { event: 'configuration-refused', priority: 'error', message, hint: error.hint });
    const remarks = {
      ...memory.remarks,
      configuration: 'the new configuration was refused, see: journalctl -u certmend',
    };
    await ports.notifier.ready(memory.line);
    return { ...memory, remarks };
  }
}
