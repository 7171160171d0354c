import test from 'ava';
import {
  longestSleepMs,
  shiftedClock,
  systemClock,
  readSynchronisation,
  synchronisationFrom,
} from '../../src/system/clock.ts';

test('shiftedClock moves the wall clock and leaves the monotonic one', async (t) => {
  const slept: number[] = [];
  const base = {
    now: () => 1000,
    monotonic: () => 5,
    sleep: (ms: number) => {
      slept.push(ms);
      return Promise.resolve();
    },
  };
  const clock = shiftedClock(base, -400);
  t.is(clock.now(), 600);
  t.is(clock.monotonic(), 5);
  await clock.sleep(7);
  t.deepEqual(slept, [7]);
});

test('systemClock sleeps about as long as asked and never backwards', async (t) => {
  const clock = systemClock();
  const before = clock.monotonic();
  await clock.sleep(20);
  t.true(clock.monotonic() - before >= 15);
  await clock.sleep(-5);
  t.true(longestSleepMs < 2 ** 31);
});

test('synchronisationFrom believes systemd-timesyncd and knows nothing of others', (t) => {
  const having = (...paths: string[]) => synchronisationFrom((path) => paths.includes(path));
  t.is(having('/run/systemd/timesync', '/run/systemd/timesync/synchronized'), 'synchronised');
  t.is(having('/run/systemd/timesync'), 'not-synchronised');
  t.is(having('/run/chrony/chronyd.pid'), 'unknown');
});

test('readSynchronisation knows nothing of a tree that is not this host', (t) => {
  t.is(readSynchronisation('/mnt/backup'), 'unknown');
});
