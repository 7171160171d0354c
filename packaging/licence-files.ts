import type { BundledPackage } from './bundled-packages.ts';
import type { PackedFile } from './packed-file.ts';
import { readProject } from './project.ts';
import type { Release } from './release.ts';
import type { Runtime } from './runtime.ts';
import { compress } from './changelog.ts';

const directory = '/usr/share/doc/certmend/licenses';

/** The licence texts of everything that is inside, one file each. */
export function licenceFiles(runtime: Runtime, bundled: readonly BundledPackage[]): readonly PackedFile[] {
  return [
    { path: `${directory}/certmend.txt`, content: readProject('LICENSE') },
    { path: nodeLicence(runtime), content: compress(runtime.licence) },
    ...bundled.map(({ name, version, licenceText }) => ({
      path: `${directory}/${fileName(name)}-${version}.txt`,
      content: licenceText,
    })),
  ];
}

/** `@scope/name` as `scope+name`: an `@` in a path means something to many a tool. */
function fileName(name: string): string {
  return name.replace('@', '').replace('/', '+');
}

/** The same as Debian's copyright file, machine-readable (DEP-5). Paths are those of the source. */
export function debianCopyright(
  runtime: Runtime,
  bundled: readonly BundledPackage[],
  { epoch }: Release,
  pathOfNode: string,
): string {
  const year = new Date(epoch * 1000).getUTCFullYear();
  const head = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: certmend
Upstream-Contact: certmend maintainers <maintainers@certmend.invalid>
Comment: The source is the certmend repository. What is below node_modules was
 put into the program, in /usr/lib/certmend, by a bundler.
`;
  const own = `Files: *
Copyright: ${year} certmend contributors
License: Apache-2.0
 On Debian systems the text of the Apache License, version 2.0, is in
 /usr/share/common-licenses/Apache-2.0.
`;
  const node = `Files: ${pathOfNode}
Copyright: Node.js contributors
 Joyent, Inc. and other Node contributors
License: Expat-and-others
 The runtime as ${pathOfNode}, version ${runtime.version}.
 Its licence, and those of all it has inside, are in
 ${nodeLicence(runtime)}.
`;
  const others = bundled.map(
    ({ directory: source, licence, licenceText, name, version }) => `Files: ${source}/*
Copyright: ${copyrightOf(licenceText).join('\n ')}
License: ${shortName(licence)}-${name.replace('/', '-')}
${withoutGpl(licenceText).trimEnd().split('\n').map(indent).join('\n')}
Comment: ${name} ${version}
`,
  );
  return [head, own, node, ...others].join('\n');
}

/** Of a choice between another licence and the GPL, the other one is taken; the whole file is in licenses/ as well. */
function withoutGpl(text: string): string {
  return text.split(/^-+\n\s+GNU GENERAL PUBLIC LICENSE/m)[0] ?? text;
}

function nodeLicence({ version }: Runtime): string {
  return `${directory}/node-${version}.txt.gz`;
}

function copyrightOf(text: string): readonly string[] {
  const lines = text.split('\n').map((line) => line.trim());
  const found = lines.filter((line) => /^copyright\b.*(\d{4}|\(c\)|©)/i.test(line)).slice(0, 5);
  return found.length === 0 ? ['the authors of the package'] : found;
}

function shortName(licence: string): string {
  return licence.replace(/^MIT$/, 'Expat').replaceAll(/[()]/g, '').replaceAll(' OR ', '-or-');
}

function indent(line: string): string {
  return line.trim() === '' ? ' .' : ` ${line.trimEnd()}`;
}
