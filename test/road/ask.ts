import { runBuilt } from '../cli/built.ts';
import type { Tree } from '../fixtures/tree.ts';

/** The boot hook's own words for a server. */
export const hook = ['prestart', '--unit', 'rke2-server', '--strict'] as const;

/** The document that the built program prints for a node, and its exit status. */
// The caller says which document it asked for: the arguments do not.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
export async function ask<T>(
  tree: Tree,
  ...words: readonly string[]
): Promise<{ readonly status: number | undefined; readonly document: T }> {
  const { status, stdout, stderr } = await runBuilt(['--root', tree.root, ...words, '-o', 'json']);
  if (stdout === '') throw new Error(`no document; status ${String(status)}: ${stderr}`);
  return { status, document: JSON.parse(stdout) as T };
}
