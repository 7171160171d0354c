import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Architecture } from './architecture.ts';
import type { BundledPackage } from './bundled-packages.ts';
import { journalCatalog } from './catalog.ts';
import { compress, debianChangelog } from './changelog.ts';
import { debianCopyright, licenceFiles } from './licence-files.ts';
import { certmend8 } from './man/certmend-8.ts';
import { certmendCa8 } from './man/certmend-ca-8.ts';
import { certmendYaml5 } from './man/certmend-yaml-5.ts';
import type { Format } from './options.ts';
import type { PackedDirectory, PackedFile } from './packed-file.ts';
import { project, readProject } from './project.ts';
import type { Release } from './release.ts';
import type { Runtime } from './runtime.ts';
import { sampleConfig } from './sample-config.ts';
import { sbom } from './sbom.ts';

/**
 * Units that have a layout, under the names that the products give them. A drop-in for a unit that no layout serves
 * would only print an error at each of its starts; what a node calls otherwise gets its own from `certmend doctor`.
 */
export const healedUnits = ['rke2-server', 'rke2-agent', 'k3s', 'k3s-agent'] as const;

export const directories: readonly PackedDirectory[] = [{ path: '/etc/certmend/config.yaml.d' }];

/** What a package is made from. */
export interface Ingredients {
  readonly architecture: Architecture;
  readonly release: Release;
  readonly runtime: Runtime;
  /** Directory with the bundled program. */
  readonly program: string;
  readonly bundled: readonly BundledPackage[];
}

/** Everything in the package of a format: what both have, and what only its family of systems knows. */
export function filesFor(format: Format, ingredients: Ingredients): readonly PackedFile[] {
  const { release, runtime, bundled } = ingredients;
  const pathOfNode = '/usr/lib/certmend/node';
  const own: Readonly<Record<Format, readonly PackedFile[]>> = {
    deb: [
      { path: `${documentation}/copyright`, content: debianCopyright(runtime, bundled, release, pathOfNode) },
      { path: `${documentation}/changelog.gz`, content: debianChangelog(release) },
      { path: '/usr/share/lintian/overrides/certmend', content: readProject('deb', 'lintian-overrides') },
    ],
    rpm: [
      {
        path: '/usr/lib/systemd/system-preset/80-certmend.preset',
        content: readProject('systemd', '80-certmend.preset'),
      },
      { path: `${documentation}/CHANGELOG.md`, content: readProject('CHANGELOG.md') },
    ],
  };
  return [...commonFiles(ingredients), ...own[format]].sort((a, b) => (a.path < b.path ? -1 : 1));
}

const documentation = '/usr/share/doc/certmend';

function commonFiles({ architecture, release, runtime, program, bundled }: Ingredients): readonly PackedFile[] {
  return [
    { path: '/usr/bin/certmend', content: readProject('packaging', 'certmend.sh'), mode: 0o755 },
    { path: '/usr/lib/certmend/node', content: { copyOf: runtime.path }, mode: 0o755 },
    { path: '/usr/lib/certmend/certmend.cjs', content: moduleOf(join(program, 'certmend.cjs')) },
    ...readdirSync(join(program, 'chunks')).map((name) => ({
      path: `/usr/lib/certmend/chunks/${name}`,
      content: { copyOf: join(program, 'chunks', name) },
    })),
    { path: '/usr/lib/systemd/system/certmend.service', content: readProject('systemd', 'certmend.service') },
    ...healedUnits.map((unit) => ({
      path: `/usr/lib/systemd/system/${unit}.service.d/10-certmend.conf`,
      content: readProject('systemd', '10-certmend.conf'),
    })),
    { path: '/usr/lib/tmpfiles.d/certmend.conf', content: readProject('systemd', 'tmpfiles.conf') },
    { path: '/etc/certmend/config.yaml', content: sampleConfig(), isConfiguration: true },
    { path: '/usr/lib/systemd/catalog/certmend.catalog', content: journalCatalog() },
    {
      path: '/usr/share/bash-completion/completions/certmend',
      content: readProject('packaging', 'completion.bash'),
    },
    { path: '/usr/share/man/man8/certmend.8.gz', content: compress(certmend8(release)) },
    { path: '/usr/share/man/man8/certmend-ca.8.gz', content: compress(certmendCa8(release)) },
    { path: '/usr/share/man/man5/certmend.yaml.5.gz', content: compress(certmendYaml5(release)) },
    { path: `${documentation}/certmend.cdx.json`, content: sbom(architecture, release, runtime, bundled) },
    ...licenceFiles(runtime, bundled),
    ...operatorDocuments(),
    ...examples(),
  ];
}

/** Without the line that names an interpreter: here it is a module that /usr/bin/certmend gives to its own runtime. */
function moduleOf(path: string): string {
  return readFileSync(path, 'utf8').replace(/^#!.*\n/, '');
}

/** What of docs/ is for people who run certmend, as far as it is written. */
function operatorDocuments(): readonly PackedFile[] {
  const wanted = [
    'audit.md',
    'authorities.md',
    'backup.md',
    'cluster.md',
    'configuration.md',
    'metrics.md',
    'operations.md',
    'reasons.md',
    'security.md',
  ];
  return wanted
    .filter((name) => existsSync(join(project, 'docs', name)))
    .map((name) => ({ path: `${documentation}/${name}`, content: readProject('docs', name) }));
}

function examples(): readonly PackedFile[] {
  return ['systemd/examples', 'docs/examples']
    .map((name) => join(project, name))
    .filter((directory) => existsSync(directory))
    .flatMap((directory) =>
      readdirSync(directory).map((name) => ({
        path: `${documentation}/examples/${name}`,
        content: { copyOf: join(directory, name) },
      })),
    );
}
