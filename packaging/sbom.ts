import { createHash } from 'node:crypto';
import type { Architecture } from './architecture.ts';
import type { BundledPackage } from './bundled-packages.ts';
import { sha256Of } from './checksums.ts';
import { readProject } from './project.ts';
import type { Release } from './release.ts';
import type { Runtime } from './runtime.ts';

/**
 * What is inside a package, as a CycloneDX 1.6 document: the runtime with the libraries that it has linked in, and the
 * npm packages of which something is in the program.
 */
export function sbom(
  { debian }: Architecture,
  { version, epoch }: Release,
  runtime: Runtime,
  bundled: readonly BundledPackage[],
): string {
  const own = `pkg:generic/certmend@${version}?arch=${debian}`;
  const node = `pkg:generic/nodejs@${runtime.version}`;
  const components = [
    {
      type: 'application',
      'bom-ref': node,
      name: 'nodejs',
      version: runtime.version,
      description: 'the runtime, stripped of symbols',
      licenses: [{ license: { id: 'MIT' } }],
      hashes: [{ alg: 'SHA-256', content: sha256Of(runtime.path) }],
      purl: node,
      cpe: `cpe:2.3:a:nodejs:node.js:${runtime.version}:*:*:*:*:*:*:*`,
      components: linkedLibraries(runtime),
    },
    ...bundled.map((one) => ({
      type: 'library',
      'bom-ref': purlOf(one),
      name: one.name,
      version: one.version,
      licenses: [one.licence.includes(' ') ? { expression: one.licence } : { license: { id: one.licence } }],
      hashes: lockedHash(one),
      purl: purlOf(one),
    })),
  ];
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify([own, epoch, components]))}`,
    version: 1,
    metadata: {
      timestamp: new Date(epoch * 1000).toISOString().replace('.000', ''),
      component: {
        type: 'application',
        'bom-ref': own,
        name: 'certmend',
        version,
        licenses: [{ license: { id: 'Apache-2.0' } }],
        purl: own,
      },
    },
    components,
    dependencies: [{ ref: own, dependsOn: components.map((component) => component['bom-ref']) }],
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function purlOf({ name, version }: BundledPackage): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

/** What this same version of the runtime says it has inside. Those without a version are not built in. */
function linkedLibraries({ version }: Runtime): readonly object[] {
  if (process.versions.node !== version) throw new Error(`package with Node.js ${version}, the one that ships`);
  const notLibraries = new Set(['node', 'modules', 'napi', 'unicode', 'cldr', 'tz']);
  return Object.entries(process.versions)
    .filter(([name, value]) => !notLibraries.has(name) && value !== undefined && value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => {
      const purl = `pkg:generic/${name}@${value ?? ''}`;
      return { type: 'library', 'bom-ref': `nodejs/${purl}`, name, version: value, purl };
    });
}

function lockedHash({ directory }: BundledPackage): readonly object[] {
  const lock = JSON.parse(readProject('package-lock.json')) as {
    readonly packages: Record<string, { readonly integrity?: string }>;
  };
  const base64 = /^sha512-(.+)$/.exec(lock.packages[directory]?.integrity ?? '')?.[1];
  return base64 === undefined ? [] : [{ alg: 'SHA-512', content: Buffer.from(base64, 'base64').toString('hex') }];
}

/** A UUID of version 8 (RFC 9562) made from the content: the same content has the same number. */
function uuidOf(text: string): string {
  const digits = createHash('sha256').update(text).digest('hex');
  const parts = [digits.slice(0, 8), digits.slice(8, 12), `8${digits.slice(13, 16)}`, `8${digits.slice(17, 20)}`];
  return [...parts, digits.slice(20, 32)].join('-');
}
