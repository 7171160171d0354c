import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { build, transform, type BuildOptions, type Metafile, type OutputFile, type Plugin } from 'esbuild';

/**
 * Makes dist/certmend.cjs and its chunks: one program without node_modules. What is imported late in the source stays
 * in a chunk of its own, so that the boot hook reads only what a healthy node needs. Nothing is minified: a stack trace
 * shows the names of the source, and on a node the program can be read.
 *
 * The chunks are CommonJS: to give its own modules to an ES module the runtime first reads every one of their exports,
 * which costs a boot hook half as much as all of its work. The bundler splits ES modules only, so it does that first
 * and translates each chunk by itself.
 *
 * node build/bundle.ts [DIRECTORY]: into another directory than dist. inputs.txt says which files went in: packaging makes
 * the list of what ships, and its licences, from it.
 */
const project = join(import.meta.dirname, '..');
const entry = join(project, 'src', 'main.ts');
const target = 'node24';
const yamlFile = 'yaml';
/** In front of the entry: what `require` does, for the chunks that are inside of it. */
const loader = `const loaded = new Map();
function chunk(name) {
  let module = loaded.get(name);
  if (module === undefined) {
    module = { exports: {} };
    loaded.set(name, module);
    chunks[name](module, module.exports);
  }
  return module.exports;
}
`;
const output = resolve(process.argv[2] ?? join(project, 'dist'));
const entryFile = join(output, 'certmend.cjs');

/**
 * The YAML library is a file of its own that is required where it is called for. Inside a chunk that the boot hook reads
 * it would be read with it, whether or not a node has a file that needs it.
 */
const yamlBeside: Plugin = {
  name: 'yaml-beside',
  setup: (bundler) => {
    bundler.onResolve({ filter: /^yaml$/ }, () => ({ path: `./${yamlFile}.cjs`, external: true }));
  },
};

if (existsSync(entry)) {
  await bundle();
} else {
  console.log('build: src/main.ts does not exist yet, nothing to bundle');
}

async function bundle(): Promise<void> {
  const common = {
    absWorkingDir: project,
    outdir: output,
    bundle: true,
    platform: 'node',
    target,
    mainFields: ['module', 'main'],
    legalComments: 'external',
    logLevel: 'warning',
    metafile: true,
  } as const satisfies BuildOptions;
  const program = await build({
    ...common,
    write: false,
    entryPoints: { certmend: entry },
    outExtension: { '.js': '.cjs' },
    entryNames: '[name]',
    chunkNames: 'chunks/[name]-[hash]',
    splitting: true,
    format: 'esm',
    plugins: [yamlBeside],
    define: {
      // winston's diagnostics of itself are for its developers: a quarter of what it takes to load.
      'process.env.NODE_ENV': '"production"',
      CERTMEND_VERSION: JSON.stringify(readVersion()),
      CERTMEND_BUILD_DATE: JSON.stringify(buildDate().toISOString()),
    },
  });
  const yaml = await build({
    ...common,
    write: false,
    entryPoints: { [yamlFile]: 'yaml' },
    outExtension: { '.js': '.cjs' },
    entryNames: 'chunks/[name]',
    format: 'cjs',
  });
  mkdirSync(join(output, 'chunks'), { recursive: true });
  const chunks = await Promise.all([...program.outputFiles, ...yaml.outputFiles].map(translate));
  const outputFiles = joinBoot(chunks, program.metafile);
  const written = new Set(outputFiles.map(writeOutput));
  written.add(writeInputs([program.metafile, yaml.metafile]));
  removeStale(output, written);
  removeStale(join(output, 'chunks'), written);
  const kilobytes = Math.round(outputFiles.reduce((sum, file) => sum + file.text.length, 0) / 1024);
  console.log(`build: dist/certmend.cjs and ${outputFiles.length - 1} chunks, ${kilobytes} kB`);
}

interface Output {
  readonly path: string;
  readonly text: string;
}

async function translate({ path, text }: OutputFile): Promise<Output> {
  if (!path.endsWith('.cjs')) return { path, text };
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target,
    logLevel: 'warning',
    // A late import becomes a late `require`: the loader of ES modules is not started for it.
    supported: { 'dynamic-import': false },
    // What CommonJS has instead; yargs asks where it stands.
    define: { 'import.meta.url': 'moduleUrl' },
  });
  const moduleUrl = "const moduleUrl = require('node:url').pathToFileURL(__filename).href;\n";
  return { path, text: (/\bmoduleUrl\b/.test(code) ? moduleUrl : '') + code };
}

/**
 * Puts the chunks that the entry always needs into the entry: twenty small files cost a boot hook a tenth of its time.
 * Each stays a function of its own, run at its first use; a chunk that stays outside finds it as an export of the entry.
 */
function joinBoot(chunks: readonly Output[], { outputs }: Metafile): readonly Output[] {
  const names = new Set<string>();
  const follow = (path: string): void => {
    for (const { path: next, kind } of outputs[path]?.imports ?? []) {
      if (kind !== 'import-statement' || names.has(basename(next)) || outputs[next] === undefined) continue;
      names.add(basename(next));
      follow(next);
    }
  };
  follow(relative(project, entryFile));
  if (names.has(`${yamlFile}.cjs`)) throw new Error('the boot hook must not need the YAML library');
  const inside = (text: string, of: string): string =>
    text.replaceAll(/\brequire\("\.\/(?:chunks\/)?([\w-]+\.cjs)"\)/g, (call, name: string) =>
      names.has(name) ? `${of}(${JSON.stringify(name)})` : call,
    );
  const isJoined = ({ path }: Output): boolean => names.has(basename(path));
  const table = chunks.filter(isJoined).map(({ path, text }) => {
    // From here the others are in chunks/.
    const body = inside(text, 'chunk').replaceAll('require("./', 'require("./chunks/');
    return `${JSON.stringify(basename(path))}: function (module, exports) {\n${body}}`;
  });
  return chunks
    .filter((chunk) => !isJoined(chunk))
    .map(({ path, text }) => {
      if (path !== entryFile) return { path, text: inside(text, `require("../${basename(entryFile)}").chunk`) };
      return {
        path,
        text: `#!/usr/bin/env node\n${loader}exports.chunk = chunk;\nconst chunks = {\n${table.join(',\n')}\n};\n${inside(text, 'chunk')}`,
      };
    });
}

/** The files of the source and of the dependencies that left anything in the program, one path a line. */
function writeInputs(metafiles: readonly Metafile[]): string {
  const outputs = metafiles.flatMap((metafile) => Object.values(metafile.outputs));
  const used = outputs.flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );
  const path = join(output, 'inputs.txt');
  writeFileSync(path, [...new Set(used)].sort().join('\n') + '\n');
  return path;
}

/** Renamed into place: a build must not pull the program from under a test that runs it. */
function writeOutput({ path, text }: Output): string {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  if (path === entryFile) chmodSync(temporary, 0o755);
  renameSync(temporary, path);
  return path;
}

function removeStale(directory: string, written: ReadonlySet<string>): void {
  for (const file of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, file.name);
    if (file.isFile() && !written.has(path) && !path.endsWith('.tmp')) rmSync(path);
  }
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
  if (
    typeof manifest === 'object' &&
    manifest !== null &&
    'version' in manifest &&
    typeof manifest.version === 'string'
  ) {
    return manifest.version;
  }
  throw new TypeError(`${relative(project, 'package.json')} has no version`);
}

/**
 * The lowest instant a believed clock can show (P5), and part of the program: so never the time of the build itself, or
 * two builds of one source would differ. SOURCE_DATE_EPOCH is set by packaging; a checkout has its last commit.
 */
function buildDate(): Date {
  const fromEnvironment = process.env['SOURCE_DATE_EPOCH'];
  if (fromEnvironment !== undefined && /^\d+$/.test(fromEnvironment)) return new Date(Number(fromEnvironment) * 1000);
  try {
    const seconds = execFileSync('git', ['log', '-1', '--format=%ct'], {
      cwd: project,
      encoding: 'utf8',
      stdio: 'pipe',
    });
    if (/^\d+\n$/.test(seconds)) return new Date(Number(seconds) * 1000);
  } catch {
    // No git, or no repository: an unpacked archive.
  }
  return new Date(Date.UTC(2026, 10, 1));
}
