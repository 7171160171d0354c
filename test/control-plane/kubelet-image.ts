import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTo } from '../scenarios/command.ts';

/** The one image that there is: a static busybox, which also waits in place of a pause. No registry is asked. */
export const image = 'certmend.test/busybox:1';

/**
 * Makes the image out of the host's busybox, as `docker save` would write it: one layer with one program.
 * @returns path of the archive
 */
export async function imageArchive(directory: string): Promise<string> {
  const program = '/usr/bin/busybox';
  // What loads a program that is not static is named right after the program's headers.
  const isStatic = !readFileSync(program).subarray(0, 4096).includes('/ld-');
  assert.ok(isStatic, `${program} is not static: apt-get install busybox-static`);
  const [root, saved, archive] = [join(directory, 'layer'), join(directory, 'saved'), join(directory, 'image.tar')];
  for (const path of [root, join(root, 'bin'), saved]) mkdirSync(path);
  copyFileSync(program, join(root, 'bin/busybox'));
  chmodSync(join(root, 'bin/busybox'), 0o755);
  await runTo(['tar', '-C', root, '--owner=0', '--group=0', '-cf', join(saved, 'layer.tar'), '.']);
  const sha256 = createHash('sha256')
    .update(readFileSync(join(saved, 'layer.tar')))
    .digest('hex');
  const configuration = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Entrypoint: ['/bin/busybox'], Cmd: ['sleep', '2147483647'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256}`] },
  };
  writeFileSync(join(saved, 'config.json'), JSON.stringify(configuration));
  writeFileSync(
    join(saved, 'manifest.json'),
    JSON.stringify([{ Config: 'config.json', RepoTags: [image], Layers: ['layer.tar'] }]),
  );
  await runTo(['tar', '-C', saved, '-cf', archive, 'manifest.json', 'config.json', 'layer.tar']);
  return archive;
}
