import test from 'ava';
import { parse } from 'yaml';
import type { Assessment, CertificateRow } from '../../src/assess/assessment.ts';
import type { LeafEntry } from '../../src/layout/entry.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { checkReport, directoryReport, checkText } from '../../src/report/check.ts';
import { plainPaper, textWidth } from '../../src/terminal/paper.ts';
import { planReport, planText } from '../../src/report/plan.ts';
import { prestartReport, prestartText } from '../../src/report/prestart.ts';
import { renderDocument } from '../../src/terminal/render.ts';

const now = Date.parse('2027-03-01T12:00:00Z');
const day = 86_400_000;
const terminal = { columns: 80, colour: false };
const layout = {
  name: 'rke2-server',
  nodeName: 'edge-1',
  entries: [{ kind: 'leaf', id: 'client-admin', certificatePath: '/d/server/tls/client-admin.crt' } as LeafEntry],
};

function row(id: string, change: Partial<CertificateRow> = {}): CertificateRow {
  return {
    id,
    path: `/var/lib/rancher/rke2/server/tls/${id}.crt`,
    role: 'leaf',
    subject: 'system:kube-controller-manager',
    issuer: 'rke2-client-ca@1700000000',
    usages: ['clientAuth', 'serverAuth'],
    notBefore: now - 400 * day,
    notAfter: now - 35 * day,
    effectiveNotAfter: now - 35 * day,
    status: 'EXPIRED',
    findings: ['LeafExpired'],
    fingerprint256: 'a'.repeat(64),
    ...change,
  };
}

const ids = ['client-rke2-cloud-controller', 'client-kube-apiserver', 'etcd/peer-server-client'];
const assessment: Assessment = {
  now,
  clock: { believed: true, verdict: 'believed', evidence: [], bound: undefined },
  findings: [],
  rows: [
    ...ids.map((id) => row(id)),
    row('server-ca', {
      role: 'authority',
      status: 'OK',
      findings: [],
      usages: ['CertSign'],
      notAfter: now + 3000 * day,
      effectiveNotAfter: now + 1000 * day,
    }),
    row('service', {
      role: 'key',
      status: 'OK',
      findings: [],
      usages: [],
      subject: undefined,
      issuer: undefined,
      notBefore: undefined,
      notAfter: undefined,
      effectiveNotAfter: undefined,
      fingerprint256: undefined,
    }),
  ],
  health: {
    level: 'critical',
    reasons: ids.map((id) => ({
      code: 'LeafExpired',
      id,
      message: `${id} expired 35 d ago, at 2027-01-25T12:00:00Z, and its issuer is on this node`,
      severity: 'critical',
    })),
  },
};

test('checkReport has the fields that scripts rely on', (t) => {
  const report = checkReport({ assessment, layout, root: '/' });
  t.like(report, { apiVersion: 'certmend/v1', kind: 'CheckReport', at: '2027-03-01T12:00:00Z', layout: 'rke2-server' });
  t.deepEqual(report.certificates[0], {
    id: 'client-rke2-cloud-controller',
    path: '/var/lib/rancher/rke2/server/tls/client-rke2-cloud-controller.crt',
    role: 'leaf',
    subject: 'system:kube-controller-manager',
    issuer: 'rke2-client-ca@1700000000',
    usages: ['clientAuth', 'serverAuth'],
    notBefore: '2026-01-25T12:00:00Z',
    notAfter: '2027-01-25T12:00:00Z',
    effectiveNotAfter: '2027-01-25T12:00:00Z',
    residualSeconds: -35 * 86_400,
    status: 'EXPIRED',
    findings: ['LeafExpired'],
    fingerprint256: 'a'.repeat(64),
    served: null,
  });
});

test('checkReport counts what is left to the end of the chain, and knows nothing of what has no end', (t) => {
  const { certificates } = checkReport({ assessment, layout, root: '/' });
  t.is(certificates[3]?.residualSeconds, 1000 * 86_400);
  t.is(certificates[4]?.residualSeconds, null);
  t.is(certificates[4]?.notAfter, null);
});

test('checkReport shows a certificate that ended half a second ago as past', (t) => {
  const ended = { ...assessment, rows: [row('a', { effectiveNotAfter: now - 500 })] };
  t.is(checkReport({ assessment: ended, layout, root: '/' }).certificates[0]?.residualSeconds, -1);
});

test('directoryReport is a CheckReport whose layout is the directory', (t) => {
  const report = directoryReport({
    rows: [row('/srv/a.crt')],
    health: assessment.health,
    now,
    root: '/',
    directory: '/srv',
  });
  t.like(report, { kind: 'CheckReport', layout: '/srv', nodeName: '' });
});

test('checkText fits 80 columns with entry, end, residual time, status and findings', (t) => {
  const text = checkText(checkReport({ assessment, layout, root: '/' }), terminal);
  for (const line of text.split('\n')) t.true(textWidth(line) <= 80, line);
  t.regex(text, /^CRITICAL · 4 certificates · 5 entries · rke2-server on edge-1\n {2}2027-03-01T12:00:00Z\n/);
  t.regex(text, /client-rke2-cloud-controller +2027-01-25 +-35 d +EXPIRED +LeafExpired/);
  t.regex(text, /server-ca +2029-11-25 +1000 d +OK/);
  t.regex(text, /\(and 2 more\)/);
});

test('checkText has every column of the product in a pipe', (t) => {
  const [, , heading, first] = checkText(checkReport({ assessment, layout, root: '/' }), plainPaper).split('\n');
  t.regex(heading ?? '', /^ENTRY +SUBJECT +USAGES +EXPIRES +RESIDUAL TIME +STATUS +FINDINGS$/);
  t.regex(
    first ?? '',
    /system:kube-controller-manager +clientAuth,serverAuth +2027-01-25 +-35 d +EXPIRED +LeafExpired$/,
  );
});

const plan: Plan = {
  decision: 'rotate',
  source: { kind: 'standby', generation: 7 },
  reasons: [{ code: 'LeafExpired', id: 'client-admin', message: 'client-admin expired 35 d ago' }],
  actions: [
    { kind: 'install', id: 'client-admin', reason: 'LeafExpired' },
    {
      kind: 'regenerate-listener',
      id: 'listener',
      trigger: '/d/server/tls/dynamic-cert-regenerate',
      reason: 'ListenerExpired',
    },
  ],
};

test('planReport gives each action its path', (t) => {
  const report = planReport({ plan, layout, root: '/', at: now, unit: 'rke2-server' });
  t.is(report.kind, 'Plan');
  t.deepEqual(report.source, { kind: 'standby', generation: 7 });
  t.deepEqual(
    report.actions.map(({ path }) => path),
    ['/d/server/tls/client-admin.crt', '/d/server/tls/dynamic-cert-regenerate'],
  );
});

test('planText fits 80 columns and says the decision, the source, why and what', (t) => {
  const text = planText(planReport({ plan, layout, root: '/mnt', at: now, unit: 'rke2-server' }), terminal);
  for (const line of text.split('\n')) t.true(textWidth(line) <= 80, line);
  t.regex(text, /^would rotate the whole set · from standby generation 7 · rke2-server · root \/mnt/);
  t.regex(text, /install +client-admin +LeafExpired/);
  const idle: Plan = { decision: 'nothing-to-do', source: { kind: 'none' }, reasons: [], actions: [] };
  t.is(
    planText(planReport({ plan: idle, layout, root: '/', at: now, unit: 'rke2-server' }), terminal),
    'nothing to do · rke2-server · 2027-03-01T12:00:00Z\n',
  );
});

const outcome = {
  decision: 'rotated',
  generation: 8,
  origin: 'issued',
  reasons: plan.reasons,
  left: [],
  changed: ['/a', '/b'],
} as const;

test('prestartReport and prestartText say what was done in the journal of the unit', (t) => {
  const report = prestartReport({
    outcome,
    root: '/',
    unit: 'rke2-server.service',
    layout: 'rke2-server',
    at: now,
    durationMs: 245.4,
  });
  t.like(report, { kind: 'PrestartReport', decision: 'rotated', generation: 8, origin: 'issued', durationMs: 245 });
  t.is(
    prestartText(report, ['a label could not be set']),
    [
      'rotated · generation 8 freshly issued · 2 files changed · rke2-server.service · 245 ms',
      '  LeafExpired  client-admin expired 35 d ago',
      '  a label could not be set',
      '',
    ].join('\n'),
  );
});

test('prestartText says in its first line that something is left to a person', (t) => {
  const [reason] = plan.reasons;
  if (reason === undefined) throw new Error('the sample has no reason');
  const about = { root: '/', unit: 'rke2-server.service', layout: 'rke2-server', at: now, durationMs: 245.4 };
  const headline = (count: number) => {
    const report = prestartReport({
      ...about,
      outcome: { ...outcome, left: Array.from({ length: count }, () => reason) },
    });
    t.is(report.left.length, count);
    return prestartText(report, []).split('\n')[0] ?? '';
  };
  t.regex(headline(1), /^rotated, 1 problem needs an operator · generation 8/);
  t.regex(headline(2), /^rotated, 2 problems need an operator · generation 8/);
});

test('renderDocument says the same in JSON and YAML', (t) => {
  const report = checkReport({ assessment, layout, root: '/' });
  const json = renderDocument(report, 'json');
  t.true(json.endsWith('}\n'));
  t.deepEqual(parse(renderDocument(report, 'yaml')), JSON.parse(json));
  t.is(renderDocument({ a: undefined, b: null }, 'yaml'), 'b: null\n');
});

test('renderDocument refuses to print a private key', (t) => {
  const message = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\n-----END EC PRIVATE KEY-----';
  for (const format of ['json', 'yaml'] as const) t.throws(() => renderDocument({ deep: [{ message }] }, format));
});
