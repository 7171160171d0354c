import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { inspect } from 'node:util';
import { allScenarios } from './all-scenarios.ts';
import { program } from './certmend.ts';
import { NotRunHere, type Program, type Scenario } from './scenario.ts';
import { inLanes } from './scratch.ts';

/*
 * npm run test:system [-- WORDS]: the built program among foreign programs. Installs nothing: a missing program makes
 * its scenarios fail and names the Debian package. The last line is "N passed, N failed". WORDS choose scenarios.
 */
const words = process.argv.slice(2);
const chosen = allScenarios.filter(({ name }) => words.every((word) => name.includes(word)));
const scenarios = chosen.filter(({ isOnRequest = false }) => !isOnRequest || words.length > 0);

if (!existsSync(program)) {
  console.error('test:system: dist/certmend.cjs is missing; npm run build makes it');
  process.exit(1);
}

// Ended by a person: directories and members of clusters go with this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

for (const { name } of chosen.filter((scenario) => !scenarios.includes(scenario)))
  console.log(`not run unless it is chosen by words of its name: ${name}`);

for (const prepare of new Set(scenarios.flatMap((one) => (one.needs.some(isMissing) ? [] : (one.prepare ?? [])))))
  prepare().catch(() => undefined);

let passed = 0;
let failed = 0;
const [heavy, light] = [scenarios.filter(({ isHeavy }) => isHeavy), scenarios.filter(({ isHeavy }) => !isHeavy)];
await Promise.all([work(light), workHeavy()]);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

/** Two that take half of the processors each are one that takes all of them. They come last: what they need is built until then. */
async function workHeavy(): Promise<void> {
  const halves = heavy.filter(({ takesHalf = false }) => takesHalf);
  await work(heavy.filter((scenario) => !halves.includes(scenario)));
  await work(halves, 2);
}

async function work(queue: readonly Scenario[], lanes = 1): Promise<void> {
  await inLanes(queue, lanes, ({ name }) => name, tell);
}

async function tell(scenario: Scenario): Promise<void> {
  const begin = performance.now();
  const { ok, text } = await outcome(scenario);
  if (ok === true) passed += 1;
  if (ok === false) failed += 1;
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  console.log(
    `${ok === undefined ? 'NOT RUN' : ok ? 'ok    ' : 'FAILED'}  ${scenario.name} (${seconds} s)\n        ${text.replaceAll('\n', '\n        ')}`,
  );
}

/** @returns `ok` undefined for one that was not run */
async function outcome(scenario: Scenario): Promise<{ readonly ok: boolean | undefined; readonly text: string }> {
  const missing = scenario.needs.filter(isMissing);
  if (missing.length > 0) {
    const text = missing.map(({ command, debianPackage }) => `needs ${command}: apt-get install ${debianPackage}`);
    return { ok: false, text: text.join('\n') };
  }
  try {
    return { ok: true, text: await scenario.run() };
  } catch (error) {
    if (error instanceof NotRunHere) return { ok: undefined, text: error.message };
    return { ok: false, text: tellFailure(error) };
  }
}

/** What went wrong before where: what reads this may keep no more than the first lines. */
function tellFailure(error: unknown): string {
  if (!(error instanceof AggregateError)) return inspect(error, { depth: 6 });
  const each = (error.errors as Error[]).slice(0, 12).map((failure) => {
    const { cause } = failure;
    return `${failure.message}\n${cause instanceof Error ? `${cause.message}\n${whereOf(cause)}` : inspect(cause)}`;
  });
  return [error.message, ...each].join('\n');
}

/** The frames that are not the runtime's. */
function whereOf({ stack = '' }: Error): string {
  return stack
    .split('\n')
    .filter((line) => /^\s+at .*file:/.test(line))
    .slice(0, 4)
    .join('\n');
}

function isMissing({ command }: Program): boolean {
  return !(process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(resolve(directory, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
