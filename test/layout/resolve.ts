import type { ExecutionContext } from 'ava';
import type { HostFacts, Layout, LayoutHints } from '../../src/layout/layout.ts';
import { type Content, memoryReader } from './memory-reader.ts';
import { builtModule } from '../cli/built-module.ts';

const { resolveLayout } =
  builtModule<typeof import('../../src/layout/resolve-layout.ts')>('src/layout/resolve-layout.ts');

export const host: HostFacts = {
  hostname: 'Node-1.Example.org',
  machineId: '0123456789abcdef0123456789abcdef',
  defaultAddresses: ['192.0.2.10', '2001:db8::10'],
};

/** Resolves a made-up node and fails the test when there is no layout. */
export function resolved(
  t: ExecutionContext,
  tree: Readonly<Record<string, Content>>,
  question: LayoutHints = { unit: 'rke2-server' },
  facts: HostFacts = host,
): Layout {
  const answer = resolveLayout(question, memoryReader(tree), facts);
  if (!answer.ok) return t.fail(answer.problem);
  return answer.layout;
}
