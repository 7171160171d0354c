import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { opensslExtension } from '../../fixtures/openssl.ts';
import { copyTree, makeTree, type Tree } from '../../fixtures/tree.ts';
import { configForms, kubeconfigForms } from '../../fixtures/yaml-forms.ts';
import { runTo, type Line } from '../command.ts';
import type { Program } from '../scenario.ts';
import { inScratch } from '../scratch.ts';
import type { Built } from './build.ts';

/** The libraries that Debian has for programs of the other architecture. */
const otherLibraries = '/usr/aarch64-linux-gnu';

export const toEmulate: readonly Program[] = [
  { command: 'qemu-aarch64-static', debianPackage: 'qemu-user-static' },
  { command: `${otherLibraries}/lib/ld-linux-aarch64.so.1`, debianPackage: 'libstdc++6-arm64-cross' },
];

/**
 * The program in the directory where its package put it, run by the runtime beside it: every part of it can be loaded,
 * and a node is healed whatever form of YAML its configuration has. The other architecture's runs under emulation, fifty
 * times slower: one form there.
 *
 * @returns what was done
 */
export async function assertInstalledWorks(built: Built): Promise<string> {
  return await inScratch(async (scratch) => {
    const lib = join(await install(built, join(scratch, 'installed')), 'usr/lib/certmend');
    const runtime = runtimeIn(lib, built);
    const program = join(lib, 'certmend.cjs');

    const parts = readdirSync(join(lib, 'chunks')).filter((name) => name.endsWith('.cjs'));
    assert.ok(parts.length > 30, `${parts.length} parts`);
    const load = 'for (const part of process.argv.slice(1)) require(part)';
    await runTo([...runtime, '-e', load, ...parts.map((name) => join(lib, 'chunks', name))]);

    const pristine = makeTree({ directory: join(scratch, 'pristine'), leaf: 'expired' });
    const forms = configForms.filter(({ name }) => built.architecture === 'amd64' || name === '50-rancher.yaml');
    assert.ok(forms.length > 0);
    for (const { name, path, bytes, san } of forms) {
      const tree = copyTree(pristine, join(scratch, 'node'));
      const file = tree.host(`/etc/rancher/rke2/${path}`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes);
      const admin = tree.host(tree.credentials.find((one) => one.endsWith('/admin.kubeconfig')) ?? '');
      const quoted = kubeconfigForms(readFileSync(admin, 'utf8'))['quotes and a comment'] ?? Buffer.alloc(0);
      writeFileSync(admin, quoted);
      await runTo([...runtime, program, '--root', tree.root, ...heal(built, tree)]);
      const leaf = tree.host(tree.leaf('serving-kube-apiserver').certificatePath);
      const names = opensslExtension(leaf, 'subjectAltName');
      const wanted = san === '::1' ? 'IP Address:0:0:0:0:0:0:0:1' : `DNS:${san}`;
      assert.ok(names.includes(wanted), `${name}: ${names}`);
      assert.ok(readFileSync(admin).equals(quoted), `${name}: a healthy kubeconfig was written over`);
      rmSync(tree.root, { recursive: true, force: true });
    }
    return `${built.format} ${built.architecture}: ${parts.length} parts, ${forms.length} forms`;
  });
}

/** The boot hook has a deadline, which says nothing about a program whose every instruction is emulated. */
function heal({ architecture }: Built, { unit }: Tree): readonly string[] {
  return architecture === 'amd64' ? ['prestart', '--unit', unit, '--strict'] : ['rotate', '--yes'];
}

/** By the program that unpacks such packages; their scriptlets have scenarios of their own. */
async function install({ format, path }: Built, root: string): Promise<string> {
  mkdirSync(root);
  if (format === 'deb') await runTo(['dpkg-deb', '--extract', path, root]);
  else await runTo(['rpm', '--root', root, '--install', '--nodeps', '--noscripts', '--ignorearch', path]);
  return root;
}

function runtimeIn(lib: string, { architecture }: Built): Line {
  const node = join(lib, 'node');
  return architecture === 'amd64' ? [node] : ['qemu-aarch64-static', '-L', otherLibraries, node];
}
