import * as z from 'zod/mini';
import { parseDuration } from '../time/units.ts';
import { parseSize } from './size.ts';

z.config({ jitless: true });

function flag() {
  return z.optional(z.boolean({ error: 'must be true or false' }));
}

function whole(least: number, most: number) {
  const error = `must be a whole number from ${String(least)} to ${String(most)}`;
  return z.optional(z.int({ error }).check(z.minimum(least, { error }), z.maximum(most, { error })));
}

/** @param why the most is what it is, as a clause */
function duration(least: string, most: string, why = '') {
  const error = `must be a duration from ${least} to ${most}, a whole number with s, m, h or d${why}`;
  const [from = 0, to = 0] = [parseDuration(least), parseDuration(most)];
  const within = (text: string) => {
    const ms = parseDuration(text);
    return ms !== undefined && ms >= from && ms <= to;
  };
  return z.optional(z.string({ error }).check(z.refine(within, { error })));
}

function size(least: string, most: string) {
  const error = `must be a size from ${least} to ${most}`;
  const [from = 0, to = 0] = [parseSize(least), parseSize(most)];
  const within = (value: string | number) => {
    const bytes = parseSize(value);
    return bytes !== undefined && bytes >= from && bytes <= to;
  };
  return z.optional(z.union([z.string(), z.number()], { error }).check(z.refine(within, { error })));
}

function matching(pattern: RegExp, error: string) {
  return z.optional(z.string({ error }).check(z.regex(pattern, { error })));
}

/** Loopback only: what certmend knows of a node is nobody's on the network (P11). */
const loopback = /^(127(?:\.\d{1,3}){3}|\[::1\]|localhost):([1-9]\d{0,4})$/;

function loopbackAddress() {
  const error = 'must be a loopback address with a port, such as 127.0.0.1:9745';
  const within = (text: string) => Number(loopback.exec(text)?.[2] ?? '65536') < 65_536;
  return z.optional(z.string({ error }).check(z.refine(within, { error })));
}

function globs() {
  const error = 'must be a list of paths, in which *, ** and ? may stand, absolute or below the data directory';
  const path = z.string({ error }).check(z.regex(/^[^\0\r\n]{1,1000}$/, { error }));
  return z.optional(z.array(path, { error }).check(z.maxLength(100, { error })));
}

function commandLine() {
  const error = 'must be a list of words, the first an absolute path to a program';
  const startsWithPath = (words: readonly string[]) => words[0]?.startsWith('/') === true;
  return z.optional(z.array(z.string({ error }), { error }).check(z.refine(startsWithPath, { error })));
}

/** packaging/certmend.sh: a later deadline than this would never be come to. */
const hookEnd = '; after 75s /usr/bin/certmend ends the boot hook';

const sections = {
  boot: { enabled: flag(), deadline: duration('5s', '70s', hookEnd) },
  // Under the product's own window (120 days) a new leaf would be made again at the very next start (products 2.1).
  renewal: {
    renewBefore: duration('1d', '3000d'),
    critical: duration('1d', '120d'),
    validity: duration('150d', '3650d'),
  },
  authority: { warning: duration('1d', '3650d'), critical: duration('1d', '3650d') },
  standby: { enabled: flag() },
  clock: { maxOfflineGap: duration('30d', '3650d'), maxWait: duration('0s', '69s') },
  check: { acknowledged: globs() },
  brake: { maxCommitsPerDay: whole(1, 100) },
  audit: { maxFileSize: size('64KiB', '1GiB') },
  daemon: { checkInterval: duration('1m', '24h') },
  metrics: {
    textfile: matching(/^(\/[^/\0\r\n]+)+\.prom$/, 'must be an absolute path that ends in .prom'),
    listen: loopbackAddress(),
  },
  notify: { exec: commandLine(), timeout: duration('1s', '10m') },
};

function section<Shape extends z.core.$ZodShape>(shape: Shape) {
  const error = `must be a section with ${Object.keys(shape).join(', ')}`;
  return z.optional(
    z.strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? undefined : error) }),
  );
}

/** One configuration file as people write it: everything optional, nothing unknown. */
export const configFileSchema = z.strictObject({
  layout: matching(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be the name of a layout, such as those `certmend doctor` lists'),
  unit: matching(
    /^[A-Za-z0-9:_.\\@-]{1,247}$/,
    'must be the name of a service unit of systemd, such as k3s-server or k3s-server.service',
  ),
  dataDir: matching(/^(?!.*\/\.\.?(\/|$))(\/[^/\0\r\n]+)+\/?$/, 'must be an absolute path without . and ..'),
  boot: section(sections.boot),
  renewal: section(sections.renewal),
  authority: section(sections.authority),
  standby: section(sections.standby),
  retention: whole(1, 100),
  clock: section(sections.clock),
  check: section(sections.check),
  brake: section(sections.brake),
  audit: section(sections.audit),
  daemon: section(sections.daemon),
  metrics: section(sections.metrics),
  notify: section(sections.notify),
});

export type ConfigFile = z.infer<typeof configFileSchema>;

/** Keys that may stand in a section, and under `''` those at the top. */
export const knownKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ['', Object.keys(configFileSchema.shape)],
  ...Object.entries(sections).map(([name, shape]): [string, readonly string[]] => [name, Object.keys(shape)]),
]);
