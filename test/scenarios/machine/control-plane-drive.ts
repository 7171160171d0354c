import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argumentsOf, components, etcdConfiguration, type Component } from '../../control-plane/arguments.ts';
import { buildControlPlane } from '../../control-plane/build.ts';
import { mountsOf } from '../../control-plane/mounts.ts';
import type { Tree } from '../../fixtures/tree.ts';
import { runTo } from '../command.ts';
import { NotRunHere } from '../scenario.ts';

/** What a machine with the control plane is given, and as much again for the tests beside it. */
const memoryBytes = 4 * 1024 ** 3;

/** A drive with the control plane's one program, or why this host cannot have one. */
export type Drive = { readonly image: string } | { readonly whyNot: Error };

/**
 * Makes the second disk of a machine: etcd and Kubernetes as they are, and how they are started on `tree`, with the arguments
 * and the mounts of RKE2's static pods. A drive of its own, so that machines without it boot as before.
 */
export async function makeDrive(tree: Tree, scratch: string): Promise<Drive> {
  let program: string;
  try {
    program = await programFor();
  } catch (error) {
    // Said by the scenario that looks at it; the others do with stand-ins.
    return { whyNot: error as Error };
  }
  return { image: await write(program, tree, scratch) };
}

/** @throws NotRunHere, Error as buildControlPlane */
async function programFor(): Promise<string> {
  const available = Number(/^MemAvailable:\s*(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0) * 1024;
  if (available < memoryBytes) {
    const has = `${(available / 1024 ** 3).toFixed(1)} GiB of memory are available`;
    throw new NotRunHere(`a machine with a control plane needs ${String(memoryBytes / 1024 ** 3)} GiB: ${has}`);
  }
  return await buildControlPlane();
}

async function write(program: string, tree: Tree, scratch: string): Promise<string> {
  const [directory, image] = [join(scratch, 'drive'), join(scratch, 'drive.ext4')];
  mkdirSync(directory);
  const at = (name: string): string => join(directory, name);
  copyFileSync(program, at('control-plane'));
  for (const name of [...components, 'kubectl']) symlinkSync('control-plane', at(name));
  cpSync(join(import.meta.dirname, '../../control-plane/pod.sh'), at('pod.sh'));
  const standIn = join(import.meta.dirname, '../stand-in');
  cpSync(join(standIn, 'control-plane.sh'), at('begin'));
  chmodSync(at('begin'), 0o755);
  cpSync(join(standIn, 'ask-control-plane.sh'), at('ask'));
  writeFileSync(at('address'), tree.nodeIp);
  writeFileSync(at('etcd-config'), etcdConfiguration(tree));
  writeFileSync(at('etcd-name'), tree.nodeName);
  for (const component of components) writeFileSync(at(`run-${component}`), startOf(component, tree), { mode: 0o755 });
  await runTo(['mkfs.ext4', '-q', '-m', '0', '-d', directory, image, '320M']);
  return image;
}

/** As start.ts does on this host, from inside of the machine. */
function startOf(component: Component, tree: Tree): string {
  const words = argumentsOf(component, tree);
  const { directories, files } = mountsOf(component, words, tree);
  const stage = `/run/rke2/stage-${component}`;
  const pod = [
    tree.dataDir,
    stage,
    directories.join('\n'),
    files.join('\n'),
    `/opt/control-plane/${component}`,
    ...words,
  ];
  return `#!/bin/sh
mkdir -p ${stage}
exec unshare --mount --propagation private /opt/control-plane/pod.sh ${pod.map((word) => `'${word}'`).join(' ')}
`;
}
