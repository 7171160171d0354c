import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { reasonCodes } from '../../src/reason.ts';
import { messageId } from '../../src/audit/audit-text.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { live } from './life.ts';

const docs = join(import.meta.dirname, '../../docs');

test('metricsText gives every family that docs/metrics.md lists, well formed, and no other', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  const [snapshot] = (await live(tree.root, [])).snapshots;
  const lines = snapshot?.metrics.trimEnd().split('\n') ?? [];
  const families = lines.flatMap((line) => /^# TYPE (\S+) gauge$/.exec(line)?.[1] ?? []);
  const listed = [...readFileSync(join(docs, 'metrics.md'), 'utf8').matchAll(/^\| `(certmend_\w+)`/gm)].map(
    ([, name]) => name,
  );
  t.deepEqual(families.toSorted(), listed.toSorted());
  const sample = /^certmend_\w+(?:\{\w+="(?:[^"\\\n]|\\.)*"(?:,\w+="(?:[^"\\\n]|\\.)*")*\})? -?\d+(?:\.\d+)?$/;
  t.deepEqual(
    lines.filter((line) => !line.startsWith('#') && !sample.test(line)),
    [],
  );
  t.true(snapshot?.metrics.includes('certmend_health{level="critical"} 1'));
  t.true(snapshot?.metrics.includes('certmend_reason{code="LeafExpired",id="client-admin"} 1'));
  const end = /not_after_timestamp_seconds\{id="client-admin"[^}]*\} (\d+)/.exec(snapshot?.metrics ?? '')?.[1];
  t.is(Number(end) * 1000, tree.now - 35 * 86_400_000, 'seconds since the epoch');
});

test('the alert rules ask for metrics that there are, and one of them for the end of a leaf', (t) => {
  const rules = readFileSync(join(docs, 'examples/prometheus-rules.yaml'), 'utf8');
  const known = readFileSync(join(docs, 'metrics.md'), 'utf8');
  const asked = [...rules.matchAll(/^ +expr: (.*)$/gm)].map(([, expression = '']) => expression);
  for (const name of asked.flatMap((expression) => expression.match(/certmend_\w+/g) ?? []))
    t.true(known.includes(`| \`${name}\` `), name);
  t.true(asked.some((expression) => /not_after.*role=~"leaf\|/.test(expression)));
  t.true(asked.some((expression) => expression.includes('certmend_restart_before_timestamp_seconds')));
});

test('docs/audit.md lists the MESSAGE_ID of every reason', (t) => {
  const text = readFileSync(join(docs, 'audit.md'), 'utf8');
  for (const code of reasonCodes) t.regex(text, new RegExp(`\`${code}\` +\\| \`${messageId(code)}\``), code);
});
