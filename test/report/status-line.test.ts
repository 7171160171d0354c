import type { CertificateRow } from '../../src/assess/assessment.ts';
import test from 'ava';
import { durationText, distanceText, residualText } from '../../src/time/span.ts';
import { statusLine } from '../../src/report/status-line.ts';
import { statusReport, statusText } from '../../src/report/status.ts';
import { plainPaper } from '../../src/terminal/paper.ts';
import { rfc3339 } from '../../src/time/rfc3339.ts';
import type { State } from '../../src/state/state.ts';
import { emptyState } from '../../src/state/transitions.ts';
import { certificate, fullState, node, noon } from '../state/full-state.ts';

const day = 86_400_000;
const healthy: State = {
  ...fullState,
  transaction: null,
  health: { level: 'ok', since: '2027-02-01T00:00:00Z', reasons: [] },
  certificates: {
    'serving-kube-apiserver': certificate({ notAfter: rfc3339(noon + 212 * day) }),
    'client-admin': certificate({ notAfter: rfc3339(noon + 300 * day) }),
    'gone-since': certificate({ notAfter: null, notBefore: null, fingerprint256: null, status: 'MISSING' }),
  },
};

function sick(level: 'warning' | 'critical', ...reasons: State['health']['reasons']): State {
  return {
    ...healthy,
    health: { level, since: '2027-02-01T00:00:00Z', reasons },
    authorities: {
      'server-ca': { commonName: 'ca', fingerprint256: 'b'.repeat(64), notAfter: rfc3339(noon - 3 * day) },
    },
  };
}

test('statusLine of a healthy node says how many, what is next and whether a standby is ready', (t) => {
  t.is(statusLine(healthy, noon), 'healthy · 3 certificates · next: serving-kube-apiserver in 212 d · standby 7 ready');
  const bare = { ...healthy, generations: { ...healthy.generations, standby: null } };
  t.is(statusLine(bare, noon), 'healthy · 3 certificates · next: serving-kube-apiserver in 212 d · no standby');
});

test('statusLine of a healthy node does not call next what has ended and will be made anew', (t) => {
  const pending = certificate({ notAfter: rfc3339(noon - day), reasons: ['ListenerRegenerationPending'] });
  const state = { ...healthy, certificates: { ...healthy.certificates, 'dynamic-cert': pending } };
  t.true(statusLine(state, noon).includes(' · next: serving-kube-apiserver in 212 d · '));
});

test('statusLine of an expired authority says since when and where to read on', (t) => {
  const state = sick('critical', { code: 'AuthorityExpired', id: 'server-ca', message: 'as of some other day' });
  t.is(statusLine(state, noon), 'CRITICAL · server-ca expired 3 d ago · see: certmend why server-ca');
  t.is(statusLine(state, noon + day), 'CRITICAL · server-ca expired 4 d ago · see: certmend why server-ca');
});

test('statusLine counts the other reasons', (t) => {
  const expiring = { code: 'LeafRenewDue', id: 'serving-kube-apiserver', message: '' } as const;
  t.is(
    statusLine(sick('warning', expiring, expiring, expiring), noon),
    'WARNING · serving-kube-apiserver expires in 212 d · and 2 more · see: certmend why serving-kube-apiserver',
  );
});

test('statusLine of a node-wide reason takes its sentence and points at check', (t) => {
  const clock = { code: 'ClockBehind', id: null, message: 'the clock stands before the\nauthorities begin' } as const;
  t.is(
    statusLine(sick('warning', clock), noon),
    'WARNING · the clock stands before the authorities begin · see: certmend check',
  );
});

test('statusLine names the entry when the sentence does not', (t) => {
  const damaged = { code: 'LeafUnreadable', id: 'client-admin', message: 'the file is empty' } as const;
  t.is(
    statusLine(sick('critical', damaged), noon),
    'CRITICAL · client-admin: the file is empty · see: certmend why client-admin',
  );
});

test('statusLine says so when nothing was checked yet or a commit is open', (t) => {
  t.is(statusLine(undefined, noon), 'unknown · not checked yet · see: certmend check');
  t.is(statusLine(emptyState(node, noon), noon), 'unknown · not checked yet · see: certmend check');
  t.true(statusLine({ ...healthy, transaction: fullState.transaction }, noon).endsWith(' · commit 8 open'));
  const begun = fullState.transaction === null ? null : { ...fullState.transaction, generation: 0 };
  t.true(statusLine({ ...healthy, transaction: begun }, noon).endsWith(' · a change was interrupted'));
});

test('statusLine stays one line of bounded length', (t) => {
  const long = { code: 'ExternalChange', id: null, message: 'x\u001b[31m'.repeat(1000) } as const;
  const line = statusLine(sick('warning', long), noon);
  t.true(line.length < 200);
  t.notRegex(line, /\p{Cc}/u);
});

test('statusText shows the facts behind the line', (t) => {
  const report = statusReport({ state: healthy, now: noon, root: '/', maxCommitsPerDay: 6 });
  t.is(report.commitsLastDay, 0);
  t.is(report.next?.residualSeconds, 212 * 86_400);
  const text = statusText(report, plainPaper);
  t.true(text.startsWith(`${report.line}\n`));
  t.true(text.includes('edge-1 · rke2-server'));
  t.regex(text, /active +generation 8 · issued · live since 2027-01-01T00:00:01Z · expires in 305 d/);
});

test('statusText counts what answers on the ports with what is on disk, names the others, and says nothing where nobody was asked', (t) => {
  const row = (id: string, current: boolean): CertificateRow => ({
    id,
    path: `/tls/${id}.crt`,
    role: 'leaf',
    subject: id,
    issuer: 'server-ca',
    usages: [],
    notBefore: 0,
    notAfter: noon + 300 * day,
    effectiveNotAfter: noon + 300 * day,
    status: 'OK',
    findings: [],
    fingerprint256: 'a'.repeat(64),
    served: { fingerprint256: 'b'.repeat(64), notAfter: noon + 20 * day, current },
  });
  const told = (rows: readonly CertificateRow[]): string =>
    statusText(statusReport({ state: healthy, now: noon, root: '/', maxCommitsPerDay: 6, rows }), plainPaper);
  const [api, scheduler] = [row('serving-kube-apiserver', true), row('serving-kube-scheduler', false)];
  t.regex(told([api]), /in use +1 of 1 served certificates match the disk$/m);
  t.regex(told([api, scheduler]), /in use +1 of 2 served certificates match the disk; not serving-kube-scheduler$/m);
  t.notRegex(told([{ ...api, served: undefined }]), /in use/);
});

test('durations are said in the units that matter and never as longer than they are', (t) => {
  const hour = 3_600_000;
  t.is(durationText(212.9 * day), '212 d');
  t.is(durationText(1.99 * day), '1 d 23 h');
  t.is(durationText(day), '1 d');
  t.is(durationText(3 * hour + 10 * 60_000), '3 h 10 min');
  t.is(durationText(59_999), '59 s');
  t.is(durationText(0), '0 s');
  t.is(distanceText(-35 * day), '35 d ago');
  t.is(distanceText(35 * day), 'in 35 d');
  t.is(residualText(-35 * day), '-35 d');
});
