import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTree } from '../fixtures/tree.ts';
import { prestart, program, run } from './certmend.ts';
import { runTo } from './command.ts';
import { programs, type Scenario } from './scenario.ts';
import { inScratch } from './scratch.ts';
import { eventually } from './systemd/node.ts';

const project = join(import.meta.dirname, '..', '..');
const rules = join(project, 'docs', 'examples', 'prometheus-rules.yaml');
const dashboard = join(project, 'docs', 'examples', 'grafana-dashboard.json');

/** Prometheus' own tool is the judge of the alert rules, of the dashboard's questions and of what the daemon publishes. */
export const prometheus: readonly Scenario[] = [
  {
    name: 'promtool accepts the alert rules and sees each alert fire in its case, and not in the others',
    needs: [programs.promtool],
    isHeavy: false,
    run: checkRules,
  },
  {
    name: 'promtool accepts what the daemon publishes, and every question of the dashboard',
    needs: [programs.promtool, programs.openssl, programs.cp, programs.flock],
    isHeavy: false,
    run: async () => await inScratch(checkFigures),
  },
];

async function checkRules(): Promise<string> {
  await runTo(['promtool', 'check', 'rules', rules]);
  await runTo(['promtool', 'test', 'rules', join(project, 'test', 'prometheus', 'rules.test.yaml')]);
  return `${readFileSync(rules, 'utf8').match(/- alert: /g)?.length ?? 0} alerts`;
}

async function checkFigures(scratch: string): Promise<string> {
  const tree = makeTree({ directory: join(scratch, 'node'), leaf: 'expired' });
  assert.equal((await prestart(tree)).status, 0);
  const textfile = '/var/lib/prometheus/node-exporter/certmend.prom';
  mkdirSync(tree.host('/var/lib/prometheus/node-exporter'), { recursive: true });
  mkdirSync(tree.host('/etc/certmend'), { recursive: true });
  writeFileSync(tree.host('/etc/certmend/config.yaml'), `metrics: { textfile: ${textfile} }\n`);
  const stop = new AbortController();
  const daemon = run(process.execPath, [program, '--root', tree.root, 'daemon'], {}, 120_000, stop.signal);
  try {
    await eventually('figures', () => Promise.resolve(existsSync(tree.host(textfile))));
  } finally {
    stop.abort();
    await daemon;
  }
  // It reads from standard input, and finds fault with names, units and missing help.
  const lint = await runTo(['sh', '-c', `promtool check metrics < '${tree.host(textfile)}'`]);
  assert.equal(`${lint.stdout}${lint.stderr}`, '');

  const expressions = (
    JSON.parse(readFileSync(dashboard, 'utf8')) as { panels: { targets: { expr: string }[] }[] }
  ).panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  const asRules = expressions.map((expr, index) => ({ record: `panel:question:${index}`, expr }));
  const file = join(scratch, 'questions.yaml');
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: asRules }] }));
  await runTo(['promtool', 'check', 'rules', file]);
  const figures = readFileSync(tree.host(textfile), 'utf8').match(/^certmend_\w+/gm)?.length ?? 0;
  return `${figures} samples; ${expressions.length} questions`;
}
