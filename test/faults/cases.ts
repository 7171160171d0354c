import { errorNumbers, type Call } from './failing-fs.ts';

export interface Case {
  readonly call: Call;
  /** The how-manyeth of these calls fails, from 1. */
  readonly turn: number;
  readonly errno: string;
}

/**
 * Each call of each path with each error number. Many are made again and again, once for each look at the node: then the
 * error numbers are spread over them, so that the first and the last of them fail too.
 */
export function casesOf(calls: readonly Call[]): readonly Case[] {
  const same = Map.groupBy(calls, ({ name, path }) => `${name} ${path}`);
  return [...same.values()].flatMap(([call, ...more]) =>
    errorNumbers.flatMap((errno, index) => {
      const turn = 1 + Math.round((index * more.length) / (errorNumbers.length - 1));
      return call === undefined ? [] : [{ call, turn, errno }];
    }),
  );
}
