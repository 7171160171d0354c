import type { FileWriter } from '../../src/disk/file-writer.ts';

/**
 * The place in the code that a sync was asked from: every frame of the program (as it ships, or its source) down to the commit or the recovery, so that a
 * shared function counts once for each use of it.
 */
function callSite(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 60;
  const { stack = '' } = new Error('where');
  Error.stackTraceLimit = stackTraceLimit;
  const frames = stack.split('\n').flatMap((line) => {
    const [, file, at] = /\/(?:dist|src)\/([\w/-]+)\.(?:cjs|ts):(\d+)/.exec(line) ?? [];
    return file === undefined || at === undefined || line.includes(' onDisk (') ? [] : [`${file}:${at}`];
  });
  return [...new Set(frames)].join(' < ');
}

/** Notes the site of every sync. */
export function noteSites(sites: Set<string>): (writer: FileWriter) => FileWriter {
  return (writer) => ({
    ...writer,
    sync: (descriptor) => {
      sites.add(callSite());
      writer.sync(descriptor);
    },
    syncDirectory: (path) => {
      sites.add(callSite());
      writer.syncDirectory(path);
    },
  });
}

/** As if the sync at this site had been deleted from the code. */
export function without(site: string): (writer: FileWriter) => FileWriter {
  return (writer) => ({
    ...writer,
    sync: (descriptor) => {
      if (callSite() !== site) writer.sync(descriptor);
    },
    syncDirectory: (path) => {
      if (callSite() !== site) writer.syncDirectory(path);
    },
  });
}
