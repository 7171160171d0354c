import test from 'ava';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path/posix';
import type { CheckReport, PlanReport, PrestartReport } from '../../src/report/document.ts';
import type { DoctorReport } from '../../src/report/doctor.ts';
import type { RehearsalReport } from '../../src/report/rehearsal/rehearsal.ts';
import { authorityExtensions } from '../fixtures/authorities.ts';
import { openssl, opensslText } from '../fixtures/openssl.ts';
import type { Tree } from '../fixtures/tree.ts';
import { ask, hook } from './ask.ts';
import { faultsOf } from './sound-node.ts';
import { temporaryTree } from './temporary-tree.ts';

/* What issuing needs is known before the bad day: check, doctor and plan tell it, and rehearse and the hook agree. */

function write(tree: Tree, path: string, text: string): void {
  mkdirSync(tree.host(dirname(path)), { recursive: true });
  writeFileSync(tree.host(path), text);
}

const names = {
  'characters outside of ASCII': 'büro.example.test',
  'a blank': 'two words.example.test',
} as const;
for (const [kind, name] of Object.entries(names)) {
  for (const leaf of ['fresh', 'expired'] as const) {
    test.serial(`a tls-san with ${kind} is told with its line, and stops no rotation of ${leaf} leaves`, async (t) => {
      const tree = temporaryTree(t, { leaf });
      const file = '/etc/rancher/rke2/config.yaml.d/50-names.yaml';
      write(tree, file, `tls-san+:\n  - lb.example.test\n  - "${name}"\n`);
      const isTold = (reasons: readonly { readonly code?: string; readonly message: string }[]): boolean =>
        reasons.filter(({ message }) => message.includes(`${file}:3`) && message.includes(name)).length === 1;

      const check = await ask<CheckReport>(tree, 'check');
      t.true(isTold(check.document.health.reasons.filter(({ code }) => code === 'SanUnusable')));
      const doctor = await ask<DoctorReport>(tree, 'doctor');
      t.true(isTold(doctor.document.checks.filter((one) => one.check === 'names')));
      t.true(isTold((await ask<PlanReport>(tree, 'plan')).document.reasons));
      const rehearsal = await ask<RehearsalReport>(tree, 'rehearse');
      const done = await ask<PrestartReport>(tree, ...hook);
      t.is(done.status, 0);
      t.is(done.document.decision, leaf === 'fresh' ? 'repaired' : 'rotated');
      t.like(rehearsal.document, { decision: done.document.decision, comesBack: true });
      t.deepEqual(faultsOf(tree, { at: [Date.now()] }), []);
      const served = opensslText(tree.host(tree.leaf('serving-kube-apiserver').certificatePath));
      t.true(served.includes('DNS:lb.example.test'), 'the names beside it are there');
      t.is((await ask<PrestartReport>(tree, ...hook)).document.decision, 'nothing-to-do');
      t.true(isTold((await ask<CheckReport>(tree, 'check')).document.health.reasons), 'and it is told still');
    });
  }
}

test.serial(
  'an authority that certmend cannot sign with is told by check, doctor and plan, and refused alike',
  async (t) => {
    const tree = temporaryTree(t);
    const { certificatePath, keyPath, commonName } = tree.authority('client-ca');
    openssl(['genpkey', '-algorithm', 'ed25519', '-out', tree.host(keyPath)]);
    const extensions = authorityExtensions.flatMap((extension) => ['-addext', extension]);
    const subject = ['-subj', `/CN=${commonName}`, '-days', '3650'];
    openssl([
      'req',
      '-x509',
      '-new',
      '-key',
      tree.host(keyPath),
      '-out',
      tree.host(certificatePath),
      ...subject,
      ...extensions,
    ]);

    const code = 'AuthorityKeyUnsupported';
    const check = await ask<CheckReport>(tree, 'check');
    t.true(check.document.health.reasons.some((reason) => reason.code === code && reason.message.includes(keyPath)));
    const doctor = await ask<DoctorReport>(tree, 'doctor');
    t.true(doctor.document.checks.some((one) => one.check === 'authorities' && one.message.includes('ed25519')));
    const plan = await ask<PlanReport>(tree, 'plan');
    t.true(plan.document.reasons.some((reason) => reason.code === code));
    const rehearsal = await ask<RehearsalReport>(tree, 'rehearse');
    const done = await ask<PrestartReport>(tree, ...hook);
    t.is(done.document.decision, 'refused');
    t.is(plan.document.decision, 'refused');
    t.like(rehearsal.document, { decision: 'refused', comesBack: false });
  },
);
