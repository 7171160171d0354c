import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import typescriptEslint from 'typescript-eslint';

/*
 * The rules of the house that a machine can hold. Formatting is prettier's; nothing here argues with it.
 *
 * The road (docs/architecture.md): a stage imports the stages before it and never one after it. Before the road lie the
 * formats, which know nothing of nodes. What stands beside the road (state, audit, report, config) and around it (cli,
 * system) is handed to a stage as values and ports.
 */
const formats = ['time', 'disk', 'x509', 'bootstrap', 'etcd', 'yaml', 'systemd', 'terminal'];
const stages = ['layout', 'inventory', 'assess', 'plan', 'issue', 'verify', 'generation', 'commit', 'activate'];
const road = [...formats, ...stages];
const beside = ['state', 'audit', 'report', 'config'];
const around = ['cli', 'system'];
// The road end to end: look, hold the lock, do; and what a person asks about all of it.
const ends = ['survey', 'session', 'heal', 'recover', 'backup', 'doctor', 'cluster', 'daemon'];

/** Folders that a folder must not import. The entry files (main.ts, composition*.ts) are bound by none of this. */
const forbiddenFolders = {
  ...Object.fromEntries(road.map((stage, index) => [stage, [...road.slice(index + 1), ...ends, ...beside, ...around]])),
  // Remembered, said and set: they know the values of the road, not how they are come by.
  ...Object.fromEntries(beside.map((folder) => [folder, [...ends, ...around]])),
  // These know every stage and what stands beside it, and get their effects as ports.
  ...Object.fromEntries(ends.map((end, index) => [end, [...ends.slice(index + 1), ...around]])),
  system: ['cli'],
  cli: ['system'],
};

/** Commands that a person gives to change what is protected (src/commit/door.ts). */
const doorkeepers = [
  'src/cli/commands/prestart.ts',
  'src/cli/commands/ca/recover.ts',
  'src/cli/commands/backup/restore.ts',
];

const modules = [
  {
    name: 'node-forge',
    regex: '^node-forge',
    only: ['src/x509/write-der.ts'],
    why: 'one file knows the encoder',
  },
  {
    name: 'winston',
    regex: '^winston',
    only: ['src/audit/winston-audit.ts'],
    why: 'loggers have traps; one file knows them',
  },
  { name: 'yargs', regex: '^yargs', only: ['src/cli/yargs.ts'], why: 'one file knows the argument parser' },
  {
    name: 'age-encryption',
    regex: '^age-encryption',
    only: ['src/backup/age.ts'],
    why: 'one file knows the age format',
  },
  { name: 'systemd-notify', regex: '^systemd-notify', only: ['src/system/'], why: 'effects live in system/' },
  {
    name: 'effects',
    regex: '^(node:)?(fs|fs/promises|child_process|dgram|http|https|http2|cluster|worker_threads|os|sqlite)$',
    only: ['src/system/', 'src/main.ts', 'src/composition.ts'],
    why: 'effects live in system/, behind a port that the stage declares',
  },
  {
    name: 'sockets',
    regex: '^(node:)?net$',
    only: ['src/system/'],
    // Knowing an address when one sees it is no effect.
    allowImportNames: ['isIP', 'isIPv4', 'isIPv6', 'BlockList', 'SocketAddress'],
    why: 'effects live in system/, and nothing listens (P11)',
  },
  {
    name: 'timers',
    regex: '^(node:)?(timers|timers/promises|perf_hooks)$',
    only: ['src/system/clock.ts'],
    why: 'time is a parameter; only the clock adapter reads it',
  },
  {
    name: 'door',
    regex: '/open-door\\.ts$',
    only: doorkeepers,
    why: 'what changes protected paths is a command that a person gives for just that (P2)',
  },
  {
    name: 'rotation of authorities',
    regex: '/(begin|continue|withdraw)-rotation\\.ts$',
    only: ['src/cli/commands/ca/rotate.ts', 'src/heal/authorities/'],
    why: 'authorities are replaced by a person alone, and by no other command (P2)',
  },
  { name: 'zod', regex: '^zod(/|$)', only: [], why: 'for tests alone: the boot path pays for every kilobyte' },
];

const clockRule = [
  {
    selector: "MemberExpression[object.name='Date'][property.name='now']",
    message: 'Time is a parameter: take `now` (ms) or a Clock.',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'Time is a parameter: take `now` (ms) or a Clock.',
  },
  { selector: "CallExpression[callee.name='Date']", message: 'Time is a parameter: take `now` (ms) or a Clock.' },
  { selector: "MemberExpression[object.name='performance']", message: 'Durations come from the Clock.' },
  {
    selector: "MemberExpression[object.name='process'][property.name='hrtime']",
    message: 'Durations come from the Clock.',
  },
  {
    selector: 'CallExpression[callee.name=/^set(Timeout|Interval)$/]',
    message: 'Waiting is for the clock adapter: beyond 2^31 ms a timer fires at once.',
  },
  {
    selector: "MemberExpression[object.name='globalThis'][property.name=/^(Date|performance|setTimeout|setInterval)$/]",
    message: 'Time is a parameter: take `now` (ms) or a Clock.',
  },
];

const productRule = {
  selector: 'Literal[value=/^(rke2|k3s)$/]',
  message: 'What differs between products is a column of layout/products/product.ts; the layout carries it from there.',
};

/** The import rules for one set of files, for static and for dynamic imports; and the clock rule, which shares a rule with the latter. */
function restrictions(place, { folders = [], clock = true }) {
  const patterns = modules
    .filter(({ only }) => !only.some((allowed) => place.startsWith(allowed)))
    .map(({ regex, why, allowImportNames }) => ({
      regex,
      message: why,
      ...(allowImportNames === undefined ? {} : { allowImportNames }),
    }));
  if (folders.length > 0) {
    patterns.push({
      regex: `^(\\.\\./)+(${folders.join('|')})/`,
      message: `against the road: ${place} does not know it`,
    });
  }
  // Commands ask composition.ts for their ports; nobody else knows the entry files.
  patterns.push({
    regex: place.startsWith('src/cli/') ? '^(\\.\\./)+main\\.ts$' : '^(\\.\\./)+(main|composition(-\\w+)?)\\.ts$',
    message: 'the entry knows the parts, not the other way round',
  });
  const dynamic = patterns.map(({ regex, message }) => ({
    selector: `ImportExpression[source.value=/${regex.replaceAll('/', '\\u002F')}/]`,
    message,
  }));
  return {
    'no-restricted-imports': ['error', { patterns }],
    'no-restricted-syntax': [
      'error',
      ...dynamic,
      ...(clock ? clockRule : []),
      ...(place.startsWith('src/layout/') ? [] : [productRule]),
    ],
  };
}

const effectsOfProcess = {
  'no-restricted-globals': [
    'error',
    { name: 'process', message: 'Arguments, environment and exit status come from main.ts; the rest is for system/.' },
    { name: 'fetch', message: 'The main job needs no network (P3).' },
  ],
};

export default defineConfig(
  globalIgnores(['dist/', 'dist-packages/', 'coverage/', '.cache/']),
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [typescriptEslint.configs.strictTypeChecked, typescriptEslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // States are discriminated unions; a new one must be answered everywhere.
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true },
      ],
      // `typeof import()` is how a module that is loaded late is named.
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      // Numbers print as one expects; everything else must be turned into text by hand.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // noPropertyAccessFromIndexSignature of the compiler wants the brackets that this rule would remove.
      '@typescript-eslint/dot-notation': 'off',
      // Handlers and ports are awaited whether or not an implementation has something to wait for.
      '@typescript-eslint/require-await': 'off',
      eqeqeq: 'error',
      // What fits on one line has no braces, what does not has them.
      curly: ['error', 'multi-or-nest', 'consistent'],
      'no-console': 'error',
    },
  },
  { files: ['src/*.ts'], rules: { ...restrictions('src/', {}), ...effectsOfProcess } },
  // Vocabulary that everything may use, and that uses nothing.
  {
    files: ['src/{error,reason,build-info}.ts'],
    rules: restrictions('src/vocabulary', { folders: [...road, ...ends, ...beside, ...around] }),
  },
  ...Object.entries(forbiddenFolders).map(([folder, folders]) => ({
    files: [`src/${folder}/**/*.ts`],
    rules: { ...restrictions(`src/${folder}/`, { folders }), ...effectsOfProcess },
  })),
  { files: ['src/cli/yargs.ts'], rules: restrictions('src/cli/yargs.ts', { folders: forbiddenFolders.cli }) },
  // The commands that open the door to protected paths; the list is the one of the module.
  ...doorkeepers.map((file) => ({ files: [file], rules: restrictions(file, { folders: forbiddenFolders.cli }) })),
  { files: ['src/backup/age.ts'], rules: restrictions('src/backup/age.ts', { folders: forbiddenFolders.backup }) },
  ...['src/cli/commands/ca/rotate.ts'].map((file) => ({
    files: [file],
    rules: restrictions(file, { folders: forbiddenFolders.cli }),
  })),
  {
    files: ['src/heal/authorities/**/*.ts'],
    rules: restrictions('src/heal/authorities/', { folders: forbiddenFolders.heal }),
  },
  {
    files: ['src/audit/winston-audit.ts'],
    rules: restrictions('src/audit/winston-audit.ts', { folders: forbiddenFolders.audit }),
  },
  {
    files: ['src/x509/write-der.ts'],
    rules: restrictions('src/x509/write-der.ts', { folders: forbiddenFolders.x509 }),
  },
  // Effects have to be somewhere: here.
  { files: ['src/system/**/*.ts'], rules: { 'no-restricted-globals': 'off' } },
  {
    files: ['src/system/clock.ts'],
    rules: restrictions('src/system/clock.ts', { folders: forbiddenFolders.system, clock: false }),
  },
  // The entry reads arguments, environment and streams, and hands them on.
  {
    files: ['src/main.ts', 'src/composition.ts', 'src/composition-*.ts'],
    rules: { ...restrictions('src/main.ts', {}), 'no-restricted-globals': 'off' },
  },
  {
    // Programs for people who work on certmend: they print.
    files: [
      'build/**/*.ts',
      'packaging/**/*.ts',
      'bench/**/*.ts',
      'test/demo/**/*.ts',
      'test/scenarios/**/*.ts',
      'test/fuzz/**/*.ts',
    ],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // t.throws returns undefined when it fails, and the next line says so: a check in between would be noise.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Empty functions stand for ports that must not be used.
      '@typescript-eslint/no-empty-function': 'off',
    },
  },
  { files: ['**/*.js'], extends: [typescriptEslint.configs.disableTypeChecked] },
);
