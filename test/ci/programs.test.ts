import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { allScenarios } from '../scenarios/all-scenarios.ts';

const script = readFileSync(join(import.meta.dirname, '..', '..', '.ci', 'run'), 'utf8');
const [, list = ''] = /local wanted=\(([^)]*)\)/.exec(script) ?? [];
const installed = new Set(list.trim().split(/\s+/));
const needed = new Set(
  allScenarios.flatMap(({ needs }) => needs).map(({ command, debianPackage }) => `${command}:${debianPackage}`),
);

/** What the tests of npm test, and npm ci, use besides. */
const others = ['git:git'];

test('.ci/run installs every program that a scenario of the system tests needs', (t) => {
  t.true(needed.size > 20, 'the list is read');
  t.deepEqual(
    [...needed].filter((one) => !installed.has(one)),
    [],
  );
});

test('.ci/run installs nothing that no scenario needs', (t) => {
  t.deepEqual(
    [...installed].filter((one) => !needed.has(one)),
    others,
  );
});
