import type { FileReader } from '../../disk/file-reader.ts';
import type { ProductUnit } from './find-units.ts';
import { type KnownLayout, layoutOf, products } from '../names.ts';

type FromDirectories =
  | {
      readonly ok: true;
      readonly layout: KnownLayout;
      /** The units that could run it. */
      readonly units: readonly ProductUnit[];
    }
  | { readonly ok: false; readonly problem: string; readonly hint: string };

interface Candidate {
  readonly layout: KnownLayout;
  readonly units: readonly ProductUnit[];
}

/** Is there anything in a data directory that a server or an agent made? */
export function holdsFiles(dataDir: string, reader: FileReader): boolean {
  return ['server', 'agent'].some((name) => (reader.list(`${dataDir}/${name}`) ?? []).length > 0);
}

/**
 * A server has an `agent` directory too, and a node that was a server once may still have its `server` directory: only
 * one with authorities and with a token, password file or datastore counts as a server. One whose certificates are lost
 * counts as well, when it has more than one such trace of having been one.
 * @param units those that run a product, if any
 */
export function fromDirectories(
  reader: FileReader,
  dataDirOf: (layout: KnownLayout, unit: string) => string,
  units: readonly ProductUnit[],
  evidence: string[],
): FromDirectories {
  const candidates: Candidate[] = products.flatMap((product) => {
    const own = units.filter(({ layout }) => layout.product === product);
    const usual = layoutOf(product, 'server');
    const homes = own.length > 0 ? own : [{ layout: usual, unit: usual.unit }];
    const directories = new Set(homes.map(({ layout, unit }) => dataDirOf(layout, unit)));
    return [...directories].flatMap((dataDir) => {
      const role = roleIn(dataDir, reader, evidence);
      if (role === undefined) return [];
      const layout = layoutOf(product, role);
      const here = own.filter((one) => one.layout === layout && dataDirOf(one.layout, one.unit) === dataDir);
      return [{ layout, units: here }];
    });
  });
  // Where only one product has a unit, a directory of the other is a leftover.
  const installed = candidates.filter(({ layout }) => units.some((one) => one.layout.product === layout.product));
  const [only, second] = installed.length > 0 ? installed : candidates;
  if (only === undefined) {
    const problem = 'no RKE2 or K3s was found on this node: no unit, no data directory';
    return { ok: false, problem, hint: ' For a custom data directory, also set dataDir:.' };
  }
  if (second !== undefined) {
    const both =
      only.layout.product === second.layout.product
        ? `${only.layout.product} has files in two data directories of this node`
        : `both ${only.layout.product} and ${second.layout.product} have files on this node`;
    return { ok: false, problem: `${both}, and no unit says which one runs`, hint: '' };
  }
  return { ok: true, ...only };
}

function roleIn(dataDir: string, reader: FileReader, evidence: string[]): KnownLayout['role'] | undefined {
  const exists = (path: string): boolean => reader.stat(path).state === 'present';
  const hasAuthorities = exists(`${dataDir}/server/tls`);
  const traces = nodeTraces(dataDir, reader);
  const hasAgent = exists(`${dataDir}/agent`);
  if ((hasAuthorities && (traces.length > 0 || !hasAgent)) || (!hasAuthorities && traces.length > 1)) {
    const seen = [...(hasAuthorities ? ['tls'] : []), ...traces].map((name) => `server/${name}`);
    evidence.push(`${dataDir} has ${seen.join(', ')}: weak evidence of a server`);
    return 'server';
  }
  if (!hasAgent) return undefined;
  evidence.push(`${dataDir}/agent exists without a complete server directory: weak evidence of an agent`);
  return 'agent';
}

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
