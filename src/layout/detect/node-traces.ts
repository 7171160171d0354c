import type { FileReader } from '../../disk/file-reader.ts';

/** What a server leaves beside `server/tls` once it has run, and never makes without one (products 1.5). */
const traces = ['token', 'cred/passwd', 'db'] as const;

/** Which of them are there, below `<data dir>/server`. */
export function nodeTraces(dataDir: string, reader: FileReader): readonly string[] {
  return traces.filter((name) => {
    const state = reader.stat(`${dataDir}/server/${name}`);
    // An empty directory is where something was to be mounted.
    return (
      state.state === 'present' &&
      (state.type !== 'directory' || reader.list(`${dataDir}/server/${name}`)?.length !== 0)
    );
  });
}
