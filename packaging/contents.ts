import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { PackedDirectory, PackedFile } from './packed-file.ts';
import { project, readProject } from './project.ts';
import type { Runtime } from './runtime.ts';
import { sampleConfig } from './sample-config.ts';

/** Units of the products that certmend heals before they start. */
export const healedUnits = ['rke2-server', 'rke2-agent', 'k3s', 'k3s-agent', 'kubelet'] as const;

export const directories: readonly PackedDirectory[] = [{ path: '/etc/certmend/config.yaml.d' }];

/** Everything that both kinds of packages have. */
export function commonFiles(runtime: Runtime, program: string): readonly PackedFile[] {
  return [
    { path: '/usr/bin/certmend', content: readProject('packaging', 'certmend.sh'), mode: 0o755 },
    { path: '/usr/lib/certmend/node', content: { copyOf: runtime.path }, mode: 0o755 },
    { path: '/usr/lib/certmend/certmend.mjs', content: { copyOf: join(program, 'certmend.mjs') } },
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
    ...examples(),
  ];
}

function examples(): readonly PackedFile[] {
  const directory = join(project, 'systemd', 'examples');
  return readdirSync(directory).map((name) => ({
    path: `/usr/share/doc/certmend/examples/${name}`,
    content: { copyOf: join(directory, name) },
  }));
}
