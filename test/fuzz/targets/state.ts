import { parseState } from '../../../src/state/load-state.ts';
import { fullState, node, noon } from '../../state/full-state.ts';
import { emptyState } from '../../../src/state/transitions.ts';
import type { FuzzTarget } from '../target.ts';

export const target: FuzzTarget = {
  name: 'parseState',
  seeds: () =>
    [fullState, emptyState(node, noon), { ...fullState, schema: 2 }].map((state) => Buffer.from(JSON.stringify(state))),
  run: (input) => {
    const parsed = parseState(input);
    if (parsed.kind === 'damaged' && !/^[^\p{Cc}]{1,300}$/u.test(parsed.problem))
      throw new Error(`not fit for a terminal: ${JSON.stringify(parsed.problem)}`);
    // What was accepted is a state like any other: written and read again, it is the same.
    if (parsed.kind === 'loaded') {
      const again = parseState(Buffer.from(JSON.stringify(parsed.state)));
      if (again.kind !== 'loaded') throw new Error('accepted once, refused the second time');
    }
  },
};
