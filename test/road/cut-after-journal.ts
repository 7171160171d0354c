import type { FileWriter } from '../../src/disk/file-writer.ts';
import { ownPaths } from '../../src/disk/own-paths.ts';
import type { Ports } from '../../src/survey/ports.ts';
import { PowerCut } from '../crash/interrupted-writer.ts';
import { portsAt } from './run-at.ts';
import { builtModule } from '../cli/built-module.ts';

const { prestart } = builtModule<typeof import('../../src/heal/prestart.ts')>('src/heal/prestart.ts');

/** Runs the boot hook until its commit point is durable and the first file is about to change; there the power goes. */
export async function cutAfterJournal(root: string, change: Partial<Ports> = {}): Promise<void> {
  const ports = { ...(await portsAt(root, '+0d')), ...change };
  const dying: Ports = {
    ...ports,
    writeSide: async () => {
      const write = await ports.writeSide();
      return { ...write, writer: withoutPowerAfterJournal(write.writer) };
    },
  };
  try {
    await prestart(dying);
  } catch (error) {
    if (error instanceof PowerCut) return;
    throw error;
  }
  throw new Error('the boot hook came to its end: nothing was committed');
}

function withoutPowerAfterJournal(inner: FileWriter): FileWriter {
  let journalled = false;
  let dead = false;
  return new Proxy(inner, {
    get:
      (target, name: keyof FileWriter) =>
      (...words: readonly unknown[]): unknown => {
        dead ||= journalled && (name === 'rename' || name === 'unlink');
        if (dead) throw new PowerCut('first');
        journalled ||= name === 'rename' && words[1] === ownPaths.journal;
        return (target[name] as (...given: readonly unknown[]) => unknown)(...words);
      },
  });
}
