import test from 'ava';
import { daemonAlive, type DaemonUnit } from '../../src/doctor/daemon-alive.ts';

const running: DaemonUnit = {
  load: 'loaded',
  active: 'active',
  enabled: 'enabled',
  result: 'success',
  exit: '0',
  isStopped: false,
  isFrozen: false,
};

const ill: readonly (readonly [name: string, unit: Partial<DaemonUnit>, says: RegExp, hint: RegExp])[] = [
  ['is not installed', { load: 'not-found', active: 'inactive' }, /not installed/, /install/],
  ['is masked', { load: 'masked', active: 'inactive' }, /masked/, /^systemctl unmask/],
  ['is stopped', { active: 'inactive' }, /stopped/, /^systemctl start/],
  ['is stopped and disabled', { active: 'inactive', enabled: 'disabled' }, /disabled/, /^systemctl enable --now/],
  ['runs and is disabled', { enabled: 'disabled' }, /after the next boot/, /^systemctl enable certmend/],
  ['failed', { active: 'failed', result: 'signal', exit: '9' }, /fails: signal/, /systemctl restart certmend$/],
  [
    'has a refused configuration',
    { active: 'failed', exit: '78' },
    /configuration is refused/,
    /systemctl restart certmend$/,
  ],
  [
    'is tried again and again',
    { active: 'activating', result: 'exit-code', exit: '78' },
    /refused/,
    /restart certmend$/,
  ],
  ['is stopped by a signal', { isStopped: true }, /SIGSTOP/, /^systemctl kill -s CONT/],
  ['is frozen', { isFrozen: true }, /frozen/, /^systemctl thaw/],
];

for (const [name, unit, says, hint] of ill) {
  test(`daemonAlive warns of a daemon that ${name}, with the command that mends it`, (t) => {
    const [answer, ...others] = daemonAlive({ ...running, ...unit });
    t.deepEqual(others, []);
    t.is(answer?.level, 'warning');
    t.regex(answer?.message ?? '', says);
    t.regex(answer?.hint ?? '', hint);
  });
}

test('daemonAlive is content with one that runs and is enabled, or starts for the first time', (t) => {
  t.is(daemonAlive(running)[0]?.level, 'ok');
  t.is(daemonAlive({ ...running, active: 'activating' })[0]?.level, 'ok');
  t.deepEqual(daemonAlive(undefined), []);
});
