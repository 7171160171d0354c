import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { build, type BuildOptions, type Metafile, type OutputFile } from 'esbuild';
import { bundlePart } from './bundle-part.ts';
import { checkProgram } from './check-program.ts';
import { divide, type Part } from './parts.ts';

/**
 * Makes dist/certmend.cjs and its chunks: one program without node_modules. What is imported late in the source is in a
 * file of its own, so that the boot hook reads only what a healthy node needs; what it always needs is one file, since
 * twenty small ones cost it a tenth of its time. Nothing is minified: a stack trace shows the names of the source, and
 * on a node the program can be read.
 *
 * All is CommonJS: to give its own modules to an ES module the runtime first reads every one of their exports, which
 * costs a boot hook half as much as all of its work. The bundler splits ES modules only; so the source is divided here
 * (parts.ts), and the bundler makes each file from it, with nothing changed in what it writes.
 *
 * node build/bundle.ts [DIRECTORY]: into another directory than dist. inputs.txt says which files went in: packaging makes
 * the list of what ships, and its licences, from it.
 */
const project = join(import.meta.dirname, '..');
const entry = 'src/main.ts';
const output = resolve(process.argv[2] ?? join(project, 'dist'));
const entryFile = join(output, 'certmend.cjs');

/** Modules that the tests call in the program that ships, although none of its files needs them of another. */
const doors =
  /^src\/(?:(?:layout|systemd|yaml)\/|(?:cli\/(?:main|command|boot-arguments)|heal\/(?:prestart|renew)|daemon\/daemon|commit\/(?:commit|recover)|generation\/(?:store|manifest)|disk\/(?:durable-write|own-files|own-paths)|system\/files\/node-file-(?:reader|writer)|inventory\/inventory-memory|composition|composition-daemon|error|as-before)\.ts)/;

const options = {
  bundle: true,
  platform: 'node',
  // The runtime that ships is newer. An older one must get as far as the sentence that says so (src/system/require-runtime.ts).
  target: 'node18',
  mainFields: ['module', 'main'],
  legalComments: 'external',
  logLevel: 'warning',
  // A late import becomes a late `require`: the loader of ES modules is not started for it.
  supported: { 'dynamic-import': false },
  define: {
    // winston's diagnostics of itself are for its developers: a quarter of what it takes to load.
    'process.env.NODE_ENV': '"production"',
    CERTMEND_BUNDLED: 'true',
    CERTMEND_VERSION: JSON.stringify(readVersion()),
    CERTMEND_BUILD_DATE: JSON.stringify(buildDate().toISOString()),
  },
} as const satisfies BuildOptions;

await bundle();

async function bundle(): Promise<void> {
  const { inputs } = await readSource();
  const parts = divide(inputs, entry, basename(entryFile), 'src/cli/main.ts');
  if (parts.holderOf('yaml') === undefined) throw new Error('the YAML library must be a file that is loaded on demand');
  const wanted = new Set<string>();
  for (const [module, { imports }] of Object.entries(inputs)) {
    for (const { path } of imports)
      if (path in inputs && parts.holderOf(path) !== parts.holderOf(module)) wanted.add(path);
  }
  const wantedOf = ({ modules }: Part): readonly string[] =>
    modules.filter((module) => wanted.has(module) || doors.test(module));
  const define = { ...options.define, CERTMEND_PROGRAM: JSON.stringify(digestOf(Object.keys(inputs))) };
  const setting = { project, output, options: { ...options, define }, wantedOf };
  const results = await Promise.all([parts.boot, ...parts.late].map((part) => bundlePart(part, parts, setting)));
  const outputFiles = results.flatMap((result) => result.outputFiles);
  checkProgram(output, new Map(outputFiles.map(({ path, text }) => [path, text])));
  mkdirSync(join(output, 'chunks'), { recursive: true });
  const written = new Set(outputFiles.map(writeOutput));
  written.add(writeSums(outputFiles.filter(({ path }) => /\/chunks\/[^/]+\.cjs$/.test(path))));
  written.add(writeInputs(results.map(({ metafile }) => metafile)));
  removeStale(output, written);
  removeStale(join(output, 'chunks'), written);
  const kilobytes = Math.round(outputFiles.reduce((sum, file) => sum + file.text.length, 0) / 1024);
  console.log(`build: dist/certmend.cjs and ${parts.late.length} chunks, ${kilobytes} kB`);
}

/** Another one for each other program: of the source, of the packages, and of what is put in for names. */
function digestOf(paths: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(options.define));
  for (const path of [...paths, 'package-lock.json'].sort())
    digest.update(`\0${path}\0`).update(readFileSync(join(project, path)));
  return digest.digest('hex');
}

/** Who imports whom in the source, and how. */
async function readSource(): Promise<Metafile> {
  const { metafile } = await build({
    ...options,
    absWorkingDir: project,
    entryPoints: [entry],
    outdir: output,
    packages: 'external',
    format: 'esm',
    // Here a late import is to be seen as one.
    supported: {},
    write: false,
    metafile: true,
  });
  return metafile;
}

/** The files of the source and of the dependencies that left anything in the program, one path a line. */
function writeInputs(metafiles: readonly Metafile[]): string {
  const outputs = metafiles.flatMap((metafile) => Object.values(metafile.outputs));
  const used = outputs.flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 && isFile(path) ? [path] : [])),
  );
  const path = join(output, 'inputs.txt');
  writeFileSync(path, [...new Set(used)].sort().join('\n') + '\n');
  return path;
}

/** What each part is to be, for the program that has to tell a damaged installation from a bug of its own. */
function writeSums(parts: readonly OutputFile[]): string {
  const lines = parts.map(({ path, contents }) => {
    return `${createHash('sha256').update(contents).digest('hex')}  ${basename(path)}\n`;
  });
  return writeOutput({ path: join(output, 'chunks', 'SHA256SUMS'), text: lines.sort().join('') });
}

/** Not a text of the build itself. */
function isFile(path: string): boolean {
  return /^(?:src|node_modules)\//.test(path);
}

/** Renamed into place: a build must not pull the program from under a test that runs it. */
function writeOutput({ path, text }: Pick<OutputFile, 'path' | 'text'>): string {
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
  )
    return manifest.version;
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
