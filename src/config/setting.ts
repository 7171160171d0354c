import { dayMs, parseDuration } from '../time/units.ts';
import { parseWindow } from '../time/maintenance-window.ts';

/** What a value of the configuration may be, whichever key it stands behind. */
export interface Kind<Value, Unit extends string> {
  /** What the member of `Config` adds to the key: `deadline` of a file is `deadlineMs` in the program. */
  readonly unit: Unit;
  /**
   * @param value as the YAML parser gives it; never null
   * @returns undefined when it is not what it must be
   */
  readonly parse: (value: unknown) => Value | undefined;
  /** The end of the sentence `boot.deadline must be ...`. */
  readonly mustBe: string;
  /** For the documents: `FROM, TO`, or in words; empty where the default says it all. */
  readonly bounds: string;
}

type Plain = string | number | boolean | readonly string[];

/** One key of the configuration with all that is said about it. */
export interface Setting<Value, Unit extends string> {
  readonly kind: Kind<NonNullable<Value>, Unit>;
  /** What holds where no file says anything. */
  readonly initial: Value;
  /** The same as it would be written in a file, or, where nothing can be written for it, in words. */
  readonly standard: { readonly yaml: string } | { readonly words: string };
  /** A value to show in the installed sample, as YAML. */
  readonly example: string;
  /** For docs/configuration.md, the sample and certmend.yaml(5), as one line of Markdown. */
  readonly about: string;
}

/** @throws Error when the default is not a value of its own kind */
export function setting<Value extends Plain, Unit extends string>(
  kind: Kind<Value, Unit>,
  { initially, about }: { readonly initially: string | number | boolean | readonly []; readonly about: string },
): Setting<Value, Unit> {
  const initial = kind.parse(initially);
  if (initial === undefined) throw new Error(`the default ${String(initially)} must be ${kind.mustBe}`);
  const yaml = typeof initially === 'object' ? '[]' : String(initially);
  return { kind, initial, standard: { yaml }, example: yaml, about };
}

/** A key without a default: what holds is found out, or is nothing. */
export function withoutDefault<Value extends Plain, Unit extends string>(
  kind: Kind<Value, Unit>,
  { otherwise, example, about }: { readonly otherwise: string; readonly example: string; readonly about: string },
): Setting<Value | undefined, Unit> {
  return { kind, initial: undefined, standard: { words: otherwise }, example, about };
}

const unitBytes: Readonly<Record<string, number>> = { '': 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/**
 * Reads `4MiB`, `512KiB` or a number of bytes.
 * @returns bytes; undefined when the value is no size
 */
export function parseSize(value: string | number): number | undefined {
  const match = /^(\d{1,10})(|KiB|MiB|GiB)$/.exec(String(value));
  const factor = unitBytes[match?.[2] ?? ' '];
  return match === null || factor === undefined ? undefined : Number(match[1]) * factor;
}

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

/** One of a few words. */
export function choice<const Word extends string>(...words: readonly [Word, ...Word[]]): Kind<Word, ''> {
  const [last = '', ...others] = words.toReversed();
  return {
    unit: '',
    parse: (value) => words.find((word) => word === value),
    mustBe: `${others.toReversed().join(', ')} or ${last}`,
    bounds: words.map((word) => `\`${word}\``).join(', '),
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

const mostRecipients = 20;

/** By its letters (bech32); whether they are a key is found out by whoever encrypts to it. */
export const recipients: Kind<readonly string[], ''> = {
  unit: '',
  parse: (value) =>
    isWords(value) && value.length <= mostRecipients && value.every((text) => /^age1[02-9ac-hj-np-z]{58}$/.test(text))
      ? value
      : undefined,
  mustBe: 'a list of public keys of age, age1… with 62 letters each, as age-keygen prints them',
  bounds: `at most ${String(mostRecipients)} public keys of age`,
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
