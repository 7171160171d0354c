import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { readProject } from '../../packaging/project.ts';
import { startBuilt } from '../cli/built.ts';
import { temporaryTree } from '../road/temporary-tree.ts';

const unit = readProject('systemd', 'certmend.service');
const [, flags = ''] =
  /^ExecStart=\/usr\/lib\/certmend\/node (.*) \/usr\/lib\/certmend\/certmend\.cjs daemon$/m.exec(unit) ?? [];

/** Inodes of the sockets on which the process listens for TCP. */
function listening(pid: number): readonly string[] {
  const sockets = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      // Closed in the meantime.
      return [];
    }
  });
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode = '']) => state === '0A' && sockets.includes(inode))
      .map((fields) => fields[9] ?? ''),
  );
}

async function staysClosed(t: ExecutionContext, runtime: readonly string[]): Promise<void> {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  const { child, ended } = startBuilt(['--root', tree.root, 'daemon'], [], runtime);
  const pid = child.pid ?? 0;
  await new Promise<void>((resolve) => {
    child.stderr?.on('data', () => {
      resolve();
    });
    child.stdout?.on('data', () => {
      resolve();
    });
  });
  // Three times: the runtime's own handler would open the port at the first, and say where at each.
  for (let turn = 0; turn < 3; turn += 1) {
    process.kill(pid, 'SIGUSR1');
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  t.deepEqual(listening(pid), []);
  child.kill('SIGTERM');
  const { status, stderr } = await ended;
  t.is(status, 0, stderr);
  t.notRegex(stderr, /Debugger/);
}

test('the daemon opens no debugger at SIGUSR1, as its unit starts it', async (t) => {
  t.true(flags.split(' ').includes('--disable-sigusr1'), unit);
  await staysClosed(t, flags.split(' '));
});

test('the daemon opens no debugger at SIGUSR1, started without the package', async (t) => {
  await staysClosed(t, []);
});

test('the unit of the daemon takes away what could change its code, and leaves no core', (t) => {
  const unset = [...unit.matchAll(/^UnsetEnvironment=(.*)$/gm)].flatMap(([, names = '']) => names.split(' '));
  const wanted =
    'NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS OPENSSL_CONF OPENSSL_MODULES LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT';
  for (const name of wanted.split(' ')) t.true(unset.includes(name), name);
  for (const line of ['Environment=PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LimitCORE=0', 'CoredumpFilter=0'])
    t.true(unit.includes(`\n${line}\n`), line);
});
