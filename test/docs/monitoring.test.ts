import test from 'ava';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { commands as all } from '../../src/cli/commands.ts';

/* The alert rules, their cases and the dashboard, as far as no Prometheus is needed; test/scenarios/prometheus.ts asks promtool. */

const project = join(import.meta.dirname, '..', '..');
const read = (...path: readonly string[]): string => readFileSync(join(project, ...path), 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary?: string; readonly description?: string };
}

interface Case {
  readonly input_series: readonly { readonly series: string }[];
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource: { readonly uid: string };
  readonly targets: readonly { readonly expr: string }[];
}

const rules = (
  parse(read('docs/examples/prometheus-rules.yaml')) as { groups: readonly { rules: readonly Rule[] }[] }
).groups.flatMap((group) => group.rules);
const { tests: cases } = parse(read('test/prometheus/rules.test.yaml')) as { tests: readonly Case[] };
const { panels } = JSON.parse(read('docs/examples/grafana-dashboard.json')) as { panels: readonly Panel[] };
const exported = new Set([...read('docs/metrics.md').matchAll(/^\| `(certmend_\w+)`/gm)].map(([, name = '']) => name));

function unknownIn(expression: string): readonly string[] {
  return (expression.match(/certmend_\w+/g) ?? []).filter((name) => !exported.has(name));
}

test('the alert rules, their cases and the dashboard name only metrics that certmend exports', (t) => {
  t.true(exported.size > 20);
  t.deepEqual(rules.map(({ expr }) => expr).flatMap(unknownIn), []);
  t.deepEqual(cases.flatMap((one) => one.input_series.map(({ series }) => series)).flatMap(unknownIn), []);
  t.deepEqual(unknownIn(read('docs/examples/grafana-dashboard.json')), []);
});

test('every alert says what is the matter and what to do, and how much that matters', (t) => {
  for (const { alert, annotations, labels } of rules) {
    t.regex(annotations.summary ?? '', /.{20}/, alert);
    t.regex(annotations.description ?? '', /certmend|scrape targets|systemctl/, alert);
    t.true(['info', 'warning', 'critical'].includes(labels.severity), alert);
  }
  t.is(new Set(rules.map(({ alert }) => alert)).size, rules.length);
});

test('what the alerts tell people to type are commands that there are', (t) => {
  const commands = new Set(all.map(({ name }) => name));
  for (const { alert, annotations } of rules) {
    for (const [, words = ''] of (annotations.description ?? '').matchAll(/\bcertmend ((?:[a-z]+ ?){1,2})/g)) {
      const [first = '', second = ''] = words.split(' ');
      t.true(commands.has(first) || commands.has(`${first} ${second}`), `${alert}: certmend ${words}`);
    }
  }
});

test('every alert has a case in which it fires and one in which it does not', (t) => {
  const outcomes = Map.groupBy(
    cases.flatMap((one) => one.alert_rule_test),
    ({ alertname }) => alertname,
  );
  t.deepEqual([...outcomes.keys()].toSorted(), rules.map(({ alert }) => alert).toSorted());
  for (const [alert, all] of outcomes) {
    t.true(
      all.some(({ exp_alerts: expected }) => expected.length > 0),
      `${alert} fires`,
    );
    t.true(
      all.some(({ exp_alerts: expected }) => expected.length === 0),
      `${alert} does not fire`,
    );
  }
});

test('the dashboard has each panel once, beside the others, and asks the chosen data source about the chosen nodes', (t) => {
  t.is(new Set(panels.map(({ id }) => id)).size, panels.length);
  for (const { title, gridPos: a, datasource, targets, id } of panels) {
    t.is(datasource.uid, '${datasource}', title);
    t.true(a.x >= 0 && a.x + a.w <= 24, title);
    t.true(targets.length > 0, title);
    for (const { expr } of targets) t.true(expr.includes('instance=~"$instance"'), title);
    for (const { gridPos: b, title: other, id: otherId } of panels) {
      const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
      t.true(otherId === id || apart, `${title} lies on ${other}`);
    }
  }
});
