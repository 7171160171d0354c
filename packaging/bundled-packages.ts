import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { project } from './project.ts';

/** An npm package of which something is in the program. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression, as the package declares it. */
  readonly licence: string;
  /** The licence file of the package, whole; its lines end as they do on the node. */
  readonly licenceText: string;
  /** Where it was taken from, below the checkout. */
  readonly directory: string;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly licenses?: readonly { readonly type: string }[];
}

/**
 * What is really inside, from the list that the bundler wrote: a dependency of which nothing was used is not in it.
 *
 * @param inputs text of inputs.txt: paths below the checkout, one a line
 * @throws Error for a package without a licence
 */
export function bundledPackages(inputs: string): readonly BundledPackage[] {
  const directories = new Set(inputs.split('\n').flatMap((path) => packageDirectory(path) ?? []));
  return [...directories]
    .map(describePackage)
    .sort((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1))
    .filter((one, index, all) => one.name !== all[index - 1]?.name || one.version !== all[index - 1]?.version);
}

function packageDirectory(path: string): string | undefined {
  return /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
}

function describePackage(directory: string): BundledPackage {
  const at = join(project, directory);
  const manifest = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as Manifest;
  // Old packages have a list.
  const licence = manifest.license ?? manifest.licenses?.map(({ type }) => type).join(' OR ');
  const file = readdirSync(at).find((name) => /^(licen[cs]e|copying)\b/i.test(name));
  if (licence === undefined || licence === '' || file === undefined) throw new Error(`${directory} has no licence`);
  const { name, version } = manifest;
  // Some were written where a line ends with two characters.
  const licenceText = readFileSync(join(at, file), 'utf8').replaceAll('\r\n', '\n').trimEnd() + '\n';
  return { name, version, licence, licenceText, directory };
}
