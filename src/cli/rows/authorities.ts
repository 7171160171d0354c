import { type Command, command } from '../command.ts';
import { at } from './shared-options.ts';

/** What a person does about authorities: never the hook, never the daemon. */
export const authorities: readonly Command[] = [
  command({
    name: 'ca status',
    positionals: [],
    describe: 'the authorities: their ends, and what a rotation would mean',
    details:
      'Reads files only and changes nothing. For each authority: its end, what its leaves can live to, how its file is built, whether its key is here, ' +
      'and who uses it. For the node: its datastore, the hash that a token pins, whether a rotation would need a new token on every node, ' +
      'who has to restart in which order, and when to begin: two years before the first of them ends. ' +
      'Exit status: 0 nothing to do for two years, 1 warning, 2 critical (authority.critical), 3 no authorities.',
    options: { at },
    examples: [
      ['certmend ca status', 'when do the authorities of this node end?'],
      ['certmend ca status --at +3650d -o json', 'in ten years, for a script'],
    ],
    load: () => import('../commands/ca/status.ts'),
  }),
  command({
    name: 'ca rotate',
    positionals: [
      { name: 'authorities', describe: 'authority ids; default: all that sign something', required: false, many: true },
    ],
    describe: 'replace authorities while the cluster is healthy, step by step',
    details:
      'Makes new authorities that nodes with the old ones trust and that trust what the old ones signed, proves both sides against each other, keeps the old ones, ' +
      'and has the server on this node put them into the datastore of the cluster. Then it says who is restarted, in which order, and --continue goes on from step to step; what was reached is remembered. ' +
      'The first rotation makes a new root, and the token changes; later ones make a new intermediate under the same root, and the token stays. ' +
      'An authority that has expired cannot be rotated. Exit status: 0 a step was reached, 64 not confirmed, 75 the next step waits for something, or the server did not answer, 77 refused: nothing was changed.',
    options: {
      'dry-run': {
        type: 'boolean',
        describe: 'make and prove the set in memory, say what would be done, and change nothing',
      },
      continue: { type: 'boolean', describe: 'go one step on with the rotation that is under way' },
      abort: { type: 'boolean', describe: 'send the old authorities back, while no server has been restarted' },
      'new-root': {
        type: 'boolean',
        describe: 'make a new root where a new intermediate under the present one would do',
      },
      'root-cert': { type: 'string', describe: 'PEM file of a root of your own, under which they are made' },
      'root-key': { type: 'string', describe: 'PEM file of its key; it is not kept' },
      'intermediate-cert': {
        type: 'string',
        describe: 'PEM file of an intermediate of your own, with those above it up to the root',
      },
      'intermediate-key': { type: 'string', describe: 'PEM file of its key; it is not kept' },
      confirm: { type: 'string', describe: 'the name of this node, instead of typing it on a terminal' },
    },
    examples: [
      ['certmend ca rotate --dry-run', 'what would be made, what stays valid, who restarts'],
      ['certmend ca rotate', 'begin, after the name of the node was typed'],
      ['certmend ca rotate --continue', 'after each step'],
      ['certmend ca rotate etcd/server-ca etcd/peer-ca', 'two of them'],
      ['certmend ca rotate --root-cert ca.crt --root-key ca.key', 'under a root of your own'],
    ],
    load: () => import('../commands/ca/rotate.ts'),
  }),
  command({
    name: 'ca recover',
    positionals: [],
    describe: 'authorities have expired and nothing starts: new dates for them, in the datastore of this server',
    details:
      'The service must be stopped. The authorities get new certificates with the same keys and names, good for ten years; they are put into ' +
      'the datastore of the product (a single etcd member, or SQLite; for an external database what is to be run there is written to a file), ' +
      'never into the files on the disk: those the product writes itself at its next start. It is made and proven in a copy, and the original is kept. ' +
      'What is not certain is refused, and the next best way is said. Asks for the name of the node. ' +
      'Exit status: 0 done, or nothing has expired; 64 not confirmed, and what would be done was printed; 77 refused.',
    options: {
      confirm: { type: 'string', describe: 'the name of this node, where nobody can be asked' },
      'dry-run': {
        type: 'boolean',
        describe: 'do everything in a copy that is removed again, and print what would be written where',
      },
      undo: { type: 'boolean', describe: 'restore the datastore as it was, until the product has been started' },
    },
    examples: [
      ['certmend ca recover --dry-run', 'what would be done, tried in a copy'],
      ['certmend ca recover', 'do it, after the name of the node was typed'],
      ['certmend ca recover --undo --confirm node-1', 'take it back, in a script'],
    ],
    load: () => import('../commands/ca/recover.ts'),
  }),
];
