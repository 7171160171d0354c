import { program } from './build-info.ts';
import type { BootCommand } from './cli/boot-arguments.ts';
import { askAgain } from './disk/recorded-reads.ts';
import { circumstances, healthyLookPath, parseHealthyLook } from './state/healthy-look.ts';
import { systemClock } from './system/clock.ts';
import { createFileReader } from './system/files/node-file-reader.ts';
import { fromWorkingDirectory } from './system/files/working-directory.ts';
import { readHostFacts } from './system/host-facts.ts';

/**
 * The boot hook's shortest way: where everything is as it was when an earlier look found nothing to do, this one would find
 * the same. Every file is read and hashed, every directory listed, and nothing is parsed; whatever is not the same, or cannot
 * be told, takes the ordinary way. Content decides, so that a file that a power cut has torn is seen.
 *
 * @returns what the hook says; undefined for everything else
 */
export function asBefore(boot: BootCommand | undefined): string | undefined {
  if (program === undefined || boot?.name !== 'prestart') return undefined;
  const { root: given, unit, config, output } = boot.args;
  if (config !== undefined || output !== 'table') return undefined;
  const clock = systemClock();
  const begun = clock.monotonic();
  try {
    const root = fromWorkingDirectory(given);
    const reader = createFileReader(root);
    const file = reader.readOwn(healthyLookPath);
    const look = file.state === 'regular' ? parseHealthyLook(file.bytes) : undefined;
    if (look?.program !== program) return undefined;
    const now = clock.now();
    if (now < look.from || now > look.until) return undefined;
    if (circumstances({ root, unit }, readHostFacts(root)) !== look.circumstances) return undefined;
    if (askAgain(reader, look.questions, healthyLookPath) !== look.digest) return undefined;
    return look.text.join(String(Math.round(clock.monotonic() - begun)));
  } catch {
    // It has its words on the ordinary way.
    return undefined;
  }
}
