import test from 'ava';
import { assessFiles } from '../../src/assess/assess-files.ts';
import { authorityCertificate, certificate, day, now } from './sample-node.ts';

test('assessFiles judges every certificate of every file by its dates', (t) => {
  const files = [
    { path: '/x/a.crt', certificates: [certificate({ commonName: 'a' }), authorityCertificate('ca')] },
    { path: '/x/b.crt', certificates: [certificate({ commonName: 'b', notAfter: now - 1 })] },
    { path: '/x/c.crt', certificates: [certificate({ commonName: 'c', notAfter: now + 120 * day })] },
    { path: '/x/d.crt', certificates: [certificate({ commonName: 'd', notBefore: now + 1 })] },
    { path: '/x/e.crt', certificates: [], problems: ['no PEM block'] },
  ];
  const { rows, health } = assessFiles(files, now, 120);
  t.deepEqual(
    rows.map(({ id, role, status, findings }) => [id, role, status, findings.join()]),
    [
      ['/x/a.crt', 'leaf', 'OK', ''],
      ['/x/a.crt#2', 'authority', 'OK', ''],
      ['/x/b.crt', 'leaf', 'EXPIRED', 'LeafExpired'],
      ['/x/c.crt', 'leaf', 'WARNING', 'LeafRenewDue'],
      ['/x/d.crt', 'leaf', 'NOT YET VALID', 'LeafNotYetValid'],
      ['/x/e.crt', 'unknown', 'DAMAGED', 'LeafUnreadable'],
    ],
  );
  t.is(health.level, 'critical');
  t.is(health.reasons[0]?.id, '/x/b.crt');
});

test('assessFiles has nothing to say of nothing', (t) => {
  t.deepEqual(assessFiles([], now, 120), { rows: [], health: { level: 'ok', reasons: [] } });
});
