import { parseKubeconfig } from '../../../src/inventory/kubeconfig.ts';
import { embeddedKubeconfig, referenceKubeconfig } from '../../fixtures/kubeconfig.ts';
import { expectParsed } from '../expect-parsed.ts';
import { seedMaterial } from '../seeds.ts';
import type { FuzzTarget } from '../target.ts';

export const target: FuzzTarget = {
  name: 'parseKubeconfig',
  seeds: () => {
    const { leaf, authority, leafKey } = seedMaterial();
    const texts = [
      referenceKubeconfig('https://127.0.0.1:6443', '/ca.crt', '/client.crt', '/client.key'),
      embeddedKubeconfig('https://127.0.0.1:6443', authority, leaf + authority, leafKey),
      '{current-context: a, contexts: [{name: a, context: {cluster: b, user: c}}], clusters: &x [*x]}',
      'a: &a [b, b]\nc: &c [*a, *a]\nd: &d [*c, *c]\ne: [*d, *d]\n',
    ];
    return texts.map((text) => Buffer.from(text));
  },
  run: (input) => {
    expectParsed(parseKubeconfig(input, { directory: '/etc' }));
  },
};
