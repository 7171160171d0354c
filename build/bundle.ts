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
import { build, type Metafile, type OutputFile } from 'esbuild';

/**
 * Makes dist/certmend.mjs and its chunks: one program without node_modules. What is imported late in the source stays
 * in a chunk of its own, so that the boot hook reads only what a healthy node needs. Nothing is minified: a stack trace
 * shows the names of the source, and on a node the program can be read.
 *
 * node build/bundle.ts [DIRECTORY]: into another directory than dist. inputs.txt says which files went in: packaging makes
 * the list of what ships, and its licences, from it.
 */
const project = join(import.meta.dirname, '..');
const entry = join(project, 'src', 'main.ts');
const output = resolve(process.argv[2] ?? join(project, 'dist'));

if (existsSync(entry)) {
  await bundle();
} else {
  console.log('build: src/main.ts does not exist yet, nothing to bundle');
}

async function bundle(): Promise<void> {
  const { outputFiles, metafile } = await build({
    entryPoints: { certmend: entry },
    absWorkingDir: project,
    outdir: output,
    outExtension: { '.js': '.mjs' },
    entryNames: '[name]',
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    legalComments: 'external',
    logLevel: 'warning',
    write: false,
    metafile: true,
    define: {
      CERTMEND_VERSION: JSON.stringify(readVersion()),
      CERTMEND_BUILD_DATE: JSON.stringify(buildDate().toISOString()),
    },
  });
  mkdirSync(join(output, 'chunks'), { recursive: true });
  const written = new Set(outputFiles.map(writeOutput));
  written.add(writeInputs(metafile));
  removeStale(output, written);
  removeStale(join(output, 'chunks'), written);
  const kilobytes = Math.round(outputFiles.reduce((sum, file) => sum + file.contents.length, 0) / 1024);
  console.log(`build: dist/certmend.mjs and ${outputFiles.length - 1} chunks, ${kilobytes} kB`);
}

/** The files of the source and of the dependencies that left anything in the program, one path a line. */
function writeInputs({ outputs }: Metafile): string {
  const used = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );
  const path = join(output, 'inputs.txt');
  writeFileSync(path, [...new Set(used)].sort().join('\n') + '\n');
  return path;
}

/** Renamed into place: a build must not pull the program from under a test that runs it. */
function writeOutput(file: OutputFile): string {
  const isEntry = basename(file.path) === 'certmend.mjs';
  const temporary = `${file.path}.${process.pid}.tmp`;
  writeFileSync(temporary, (isEntry ? '#!/usr/bin/env node\n' : '') + prologue(file) + file.text);
  if (isEntry) chmodSync(temporary, 0o755);
  renameSync(temporary, file.path);
  return file.path;
}

/** CommonJS inside (node-forge, winston, yaml) asks for node's own modules with `require`, which a module does not have. */
function prologue({ path, text }: OutputFile): string {
  if (!path.endsWith('.mjs') || !/\brequire\b/.test(text)) return '';
  return "import { createRequire as makeRequire } from 'node:module';\nconst require = makeRequire(import.meta.url);\n";
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
