import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { atExit } from '../scenarios/at-exit.ts';
import { NotRunHere } from '../scenarios/scenario.ts';

const here = import.meta.dirname;
const sources = ['go.mod', 'go.sum', 'main.go'];

let built: Promise<string> | undefined;

/**
 * The control plane's one program, built at most once for the same sources: seven minutes of a processor and the
 * network for Go's modules the first time, nothing from then on. It is kept in the user's cache, outside of the tree.
 *
 * @returns its path; the same for all who ask in one process
 * @throws Error when there is no Go that can build it
 */
export function buildControlPlane(): Promise<string> {
  built ??= buildOnce();
  return built;
}

async function buildOnce(): Promise<string> {
  const directory = join(cacheDirectory(), `control-plane-${hashOfSources()}`);
  const program = join(directory, 'control-plane');
  if (existsSync(program)) return program;
  requireGo();
  process.stderr.write('the control plane is built, once: seven minutes of a processor\n');
  mkdirSync(directory, { recursive: true });
  // Beside its place and renamed into it: two that build at a time do each other no harm.
  const scratch = mkdtempSync(join(directory, 'building-'));
  try {
    await download();
    await build(join(scratch, 'control-plane'));
    renameSync(join(scratch, 'control-plane'), program);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return program;
}

function cacheDirectory(): string {
  const { XDG_CACHE_HOME: given = '' } = process.env;
  return join(given === '' ? join(homedir(), '.cache') : given, 'certmend');
}

function hashOfSources(): string {
  const hash = createHash('sha256');
  for (const name of sources) hash.update(readFileSync(join(here, name)));
  return hash.digest('hex').slice(0, 16);
}

/** The first line of go.mod that says which Go is needed. */
function wantedGo(): string {
  return /^go (\d+\.\d+)/m.exec(readFileSync(join(here, 'go.mod'), 'utf8'))?.[1] ?? '';
}

function requireGo(): void {
  const wanted = wantedGo();
  const { error, stdout } = spawnSync('go', ['env', 'GOVERSION'], {
    encoding: 'utf8',
    env: { ...process.env, GOTOOLCHAIN: 'local' },
  });
  const help = `the control plane needs Go ${wanted} or later: https://go.dev/doc/install (or a golang-go as new)`;
  if (error !== undefined) throw new Error(`there is no go: ${help}`, { cause: error });
  const version = stdout.trim().replace(/^go/, '');
  if (version.localeCompare(wanted, 'en', { numeric: true }) < 0) throw new Error(`go is ${version}: ${help}`);
}

/** @throws NotRunHere without the network for Go's modules: that is this machine's, and says nothing of certmend */
async function download(): Promise<void> {
  const child = spawn('go', ['mod', 'download'], {
    cwd: here,
    env: { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '', GO111MODULE: 'on' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const forget = atExit(() => child.kill('SIGTERM'));
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words += text));
  const [status] = (await once(child, 'close')) as [number | null];
  forget();
  if (status !== 0) throw new NotRunHere(`the control plane's Go modules cannot be had here: ${words.slice(-600)}`);
}

async function build(program: string): Promise<void> {
  const version = /k8s\.io\/kubernetes (v\S+)/.exec(readFileSync(join(here, 'go.mod'), 'utf8'))?.[1] ?? '';
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(version) ?? [];
  const said = 'k8s.io/component-base/version';
  const link = [
    '-s -w',
    `-X ${said}.gitVersion=${version}`,
    `-X ${said}.gitMajor=${major}`,
    `-X ${said}.gitMinor=${minor}`,
  ];
  const line = ['build', '-p', '2', '-mod=readonly', '-trimpath', '-buildvcs=false', `-ldflags=${link.join(' ')}`];
  const child = spawn('nice', ['-n', '5', 'go', ...line, '-o', program, '.'], {
    cwd: here,
    env: { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '', GO111MODULE: 'on' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const forget = atExit(() => child.kill('SIGTERM'));
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words += text));
  const [status] = (await once(child, 'close')) as [number | null];
  forget();
  if (status !== 0) throw new Error(`go build of the control plane: ${words.slice(-4000)}`);
}
