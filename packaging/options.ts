import { parseArgs } from 'node:util';
import { architectures, type Architecture } from './architecture.ts';

export const formats = ['deb', 'rpm'] as const;
export type Format = (typeof formats)[number];

export interface Options {
  readonly architectures: readonly Architecture[];
  readonly formats: readonly Format[];
  /** Compress little: for tests, which install a package once. */
  readonly fast: boolean;
  readonly output: string | undefined;
}

export const usage =
  'npm run package -- [--arch amd64|arm64]… [--format deb|rpm]… [--fast] [--output DIRECTORY]\n' +
  'Without options: both formats for both architectures, in dist-packages.';

/** @throws Error for an option or a value that is not known */
export function readOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      arch: { type: 'string', multiple: true },
      format: { type: 'string', multiple: true },
      fast: { type: 'boolean' },
      output: { type: 'string' },
    },
  });
  return {
    architectures: choose(architectures, ({ debian }) => debian, values.arch),
    formats: choose(formats, (format) => format, values.format),
    fast: values.fast ?? false,
    output: values.output,
  };
}

function choose<T>(all: readonly T[], nameOf: (one: T) => string, wanted: readonly string[] | undefined): readonly T[] {
  const unknown = wanted?.find((name) => !all.some((one) => nameOf(one) === name));
  if (unknown !== undefined) throw new Error(`${unknown} is none of ${all.map(nameOf).join(', ')}`);
  return wanted === undefined ? all : all.filter((one) => wanted.includes(nameOf(one)));
}
