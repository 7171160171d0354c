import { dayMs, parseDuration } from '../time/units.ts';
import { parseWindow } from '../time/maintenance-window.ts';
import type { Kind } from './setting.ts';
import { parseSize } from './size.ts';

export const flag: Kind<boolean, ''> = {
  unit: '',
  parse: (value) => (typeof value === 'boolean' ? value : undefined),
  mustBe: 'true or false',
  bounds: '',
};

export function whole(least: number, most: number): Kind<number, ''> {
  return {
    unit: '',
    parse: (value) => (Number.isSafeInteger(value) ? between(value as number, least, most) : undefined),
    mustBe: `a whole number from ${String(least)} to ${String(most)}`,
    bounds: `${String(least)}, ${String(most)}`,
  };
}

/** @param why the most is what it is, as a clause */
export function duration(least: string, most: string, why = ''): Kind<number, 'Ms'> {
  const [from = 0, to = 0] = [parseDuration(least), parseDuration(most)];
  return {
    unit: 'Ms',
    parse: (value) => (typeof value === 'string' ? between(parseDuration(value), from, to) : undefined),
    mustBe: `a duration from ${least} to ${most}, a whole number with s, m, h or d${why}`,
    bounds: `${least}, ${most}`,
  };
}

/** A duration as `duration` reads it; certificates are counted in days (fractions of one are kept). */
export function days(least: string, most: string): Kind<number, 'Days'> {
  const { parse, ...others } = duration(least, most);
  const inDays = (ms: number | undefined) => (ms === undefined ? undefined : ms / dayMs);
  return { ...others, unit: 'Days', parse: (value) => inDays(parse(value)) };
}

export function size(least: string, most: string): Kind<number, 'Bytes'> {
  const [from = 0, to = 0] = [parseSize(least), parseSize(most)];
  return {
    unit: 'Bytes',
    parse: (value) =>
      typeof value === 'string' || typeof value === 'number' ? between(parseSize(value), from, to) : undefined,
    mustBe: `a size from ${least} to ${most}`,
    bounds: `${least}, ${most}`,
  };
}

export function text(pattern: RegExp, mustBe: string, bounds: string): Kind<string, ''> {
  return {
    unit: '',
    parse: (value) => (typeof value === 'string' && pattern.test(value) ? value : undefined),
    mustBe,
    bounds,
  };
}

const isDirectory = /^(?!.*\/\.\.?(\/|$))(\/[^/\0\r\n]+)+\/?$/;

/** A slash at its end is taken away: one directory has one name. */
export const directory: Kind<string, ''> = {
  unit: '',
  parse: (value) => (typeof value === 'string' && isDirectory.test(value) ? value.replace(/\/$/, '') : undefined),
  mustBe: 'an absolute path without . and ..',
  bounds: 'an absolute path',
};

/** Loopback only: what certmend knows of a node is nobody's on the network (P11). */
const isLoopback = /^(127(?:\.\d{1,3}){3}|\[::1\]|localhost):([1-9]\d{0,4})$/;

export const loopbackAddress: Kind<string, ''> = {
  unit: '',
  parse: (value) =>
    typeof value === 'string' && Number(isLoopback.exec(value)?.[2] ?? '65536') < 65_536 ? value : undefined,
  mustBe: 'a loopback address with a port, such as 127.0.0.1:9745',
  bounds: 'a loopback address with a port',
};

const mostPatterns = 100;

export const patterns: Kind<readonly string[], ''> = {
  unit: '',
  parse: (value) =>
    isWords(value) && value.length <= mostPatterns && value.every((path) => /^[^\0\r\n]{1,1000}$/.test(path))
      ? value
      : undefined,
  mustBe: 'a list of paths, in which *, ** and ? may stand, absolute or below the data directory',
  bounds: `at most ${String(mostPatterns)} patterns`,
};

const mostWindows = 50;

export const windows: Kind<readonly string[], ''> = {
  unit: '',
  parse: (value) =>
    isWords(value) && value.length <= mostWindows && value.every((text) => parseWindow(text) !== undefined)
      ? value
      : undefined,
  mustBe:
    'a list of windows such as "Sat..Sun 02:00-06:00" or "Mon,Wed 22:00-04:00 Europe/Berlin": weekdays (or none for each day), from and to, and a time zone (or none for that of the machine)',
  bounds: `at most ${String(mostWindows)} windows`,
};

export const commandLine: Kind<readonly string[], ''> = {
  unit: '',
  parse: (value) => (isWords(value) && value[0]?.startsWith('/') === true ? value : undefined),
  mustBe: 'a list of words, the first an absolute path to a program',
  bounds: 'a list: program, arguments',
};

function between(value: number | undefined, least: number, most: number): number | undefined {
  return value !== undefined && value >= least && value <= most ? value : undefined;
}

function isWords(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((word) => typeof word === 'string');
}
