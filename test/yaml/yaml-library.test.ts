import test from 'ava';
import { isTameYaml } from '../../src/yaml/yaml-library.ts';
import { embeddedKubeconfig, referenceKubeconfig } from '../fixtures/kubeconfig.ts';

for (const [what, text] of [
  ['a long text', 'x'.repeat(70_000)],
  ['many lines', 'a\n'.repeat(5000)],
  ['many items', `[${'a,'.repeat(5000)}]`],
  ['brackets that close nothing', ']'.repeat(5000)],
  ['deep flow nesting', '[{a: '.repeat(20)],
  ['explicit keys in explicit keys', '? '.repeat(100)],
  ['sequences in sequences', '- '.repeat(100)],
  ['the same with tags and anchors between', '- !a &b ? '.repeat(10)],
  ['deep indentation', `a:\n${' '.repeat(200)}b: c`],
] as const) {
  test(`isTameYaml refuses ${what}`, (t) => {
    t.false(isTameYaml(text));
  });
}

test('isTameYaml lets pass what the products write, in YAML and in JSON', (t) => {
  const pem = `-----BEGIN CERTIFICATE-----\n${'MIIB'.repeat(300)}\n-----END CERTIFICATE-----\n`.repeat(5);
  t.true(isTameYaml(referenceKubeconfig('https://[::1]:6443', '/a', '/b', '/c')));
  t.true(isTameYaml(embeddedKubeconfig('https://[::1]:6443', pem, pem, pem)));
  t.true(isTameYaml(JSON.stringify({ clusters: Array.from({ length: 50 }, () => ({ cluster: { server: 'a' } })) })));
});
