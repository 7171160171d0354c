import { type Command, command } from '../command.ts';
import { at, entry, repairBootstrap } from './shared-options.ts';

/** What a person looks at first. */
export const look: readonly Command[] = [
  command({
    name: 'check',
    positionals: [],
    describe: 'every certificate of the node and what is wrong with it',
    details:
      'Reads files only and changes nothing. Besides the leaves it covers the authorities, the listener, the kubeconfigs and damaged files. ' +
      'Exit status: 0 ok, 1 warning, 2 critical, 3 unknown.',
    options: {
      at,
      path: { type: 'string', describe: 'check every certificate file under DIR instead of a node' },
    },
    examples: [
      ['certmend check', 'this node, now'],
      ['certmend check --at +120d', 'what will be wrong in 120 days'],
      ['certmend --root /mnt/backup check -o json', 'a mounted disk, for a script'],
    ],
    load: () => import('../commands/check.ts'),
  }),
  command({
    name: 'plan',
    positionals: [],
    describe: 'what the boot hook would do, now or at a given time, and why',
    details:
      'Changes nothing. Exit status: 0 nothing to do, 1 something would be done, 2 it would be refused or deferred.',
    options: { at, 'repair-bootstrap': repairBootstrap },
    examples: [['certmend plan --at +400d', 'after more than a year powered off']],
    load: () => import('../commands/plan.ts'),
  }),
  command({
    name: 'why',
    positionals: [entry],
    describe: 'the decision about one certificate, rule by rule, and its next date',
    details: 'Changes nothing.',
    options: { at },
    examples: [['certmend why server-ca', 'what certmend knows and would do about one entry']],
    load: () => import('../commands/why.ts'),
  }),
];
