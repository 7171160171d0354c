import test from 'ava';
import { checkProgram } from '../../build/check-program.ts';

function faultsOf(texts: Readonly<Record<string, string>>): readonly string[] {
  try {
    checkProgram('/p', new Map(Object.entries(texts).map(([file, text]) => [`/p/${file}`, text])));
    return [];
  } catch (error) {
    return (error as Error).message.split('\n').slice(1);
  }
}

/** Every way to a module that is not there, also the one that escaped the build once (`(0, x.__require)(…)`). */
const escapes = [
  'require("./gone.cjs")',
  "const x = require('../gone.cjs');",
  '(0, import_chunk.__require)("./gone.cjs")',
  'const load = module.require("./gone")',
  'x["require"]("./gone.cjs")',
  'require.resolve("./gone.cjs")',
  'import("./gone.cjs")',
  'Promise.resolve().then(() => require(`./gone.cjs`))',
  'const later = "./gone.cjs"; load(later)',
  'createRequire(moduleUrl)("yaml")',
  'require("yaml")',
  'require(name)',
  'require("./chunks/" + name)',
  'import x from "./there.cjs"',
  'export * from "./gone.cjs"',
  'if (broken) { require3("./chunks/gone.cjs") }',
  'new Worker("./gone.cjs")',
];
for (const text of escapes) {
  test(`the build fails on what would be loaded and is not in the program, however it is written: ${text}`, (t) => {
    t.not(faultsOf({ 'certmend.cjs': text, 'there.cjs': '' }).length, 0);
  });
}

test('the build lets pass what is in the program or in the runtime', (t) => {
  const entry = [
    'const fs = require("node:fs"), path = require("path");',
    'const later = () => require("./chunks/late.cjs");',
    'const own = createRequire(moduleUrl);',
    'const dead = false ? createRequire(moduleUrl)("yaml") : require("./chunks/late.cjs");',
    '// require("./gone.cjs") in a comment',
    'const text = "a sentence about ./gone.cjs";',
    'require_later();',
  ].join('\n');
  t.deepEqual(faultsOf({ 'certmend.cjs': entry, 'chunks/late.cjs': 'require("../certmend.cjs").chunk' }), []);
});
