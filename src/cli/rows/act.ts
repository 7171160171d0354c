import { type Command, command } from '../command.ts';
import { at, repairBootstrap, yes } from './shared-options.ts';

/** What changes the certificates of a node, takes it back, and tries it out. */
export const act: readonly Command[] = [
  command({
    name: 'prestart',
    positionals: [],
    describe: 'the boot hook: heal the node before its service starts',
    details:
      'Run by systemd before each start of the service. Finishes an interrupted commit, replaces what is expired or damaged with a ' +
      'verified set, all or nothing, and needs no network. Exits 0 whatever happens, so that it never blocks the service, unless --strict is given: ' +
      'then 2 means that something critical needs an operator, 77 that nothing was changed, for safety.',
    options: {
      unit: { type: 'string', describe: 'the unit that is about to start, for example rke2-server', required: true },
      strict: { type: 'boolean', describe: 'exit with the real status instead of 0' },
      'repair-bootstrap': repairBootstrap,
    },
    examples: [
      ['certmend prestart --unit rke2-server', 'what the drop-in of rke2-server.service runs'],
      ['certmend prestart --unit rke2-server --repair-bootstrap', 'by hand, when an authority file was truncated'],
    ],
    load: () => import('../commands/prestart.ts'),
  }),
  command({
    name: 'rotate',
    positionals: [{ name: 'entries', describe: 'entry ids; default: every leaf', required: false, many: true }],
    describe: 'replace certificates now, due or not',
    details: 'The service must be stopped. The old certificates are kept: certmend rollback restores them.',
    options: { 'reuse-key': { type: 'boolean', describe: 'renew with the same private keys' }, yes },
    examples: [
      ['certmend rotate --yes', 'the whole set'],
      ['certmend rotate etcd/client --reuse-key --yes', 'one pair, same key'],
    ],
    load: () => import('../commands/rotate.ts'),
  }),
  command({
    name: 'renew',
    positionals: [
      {
        name: 'entries',
        describe: 'entry ids; default: every leaf of the set, on an agent the agent part',
        required: false,
        many: true,
      },
    ],
    describe: 'renew certificates while the service runs, with the same keys',
    details:
      'Nothing is restarted: only certificate files change, each complete at every instant, and components pick them up by themselves, most within a minute. The ports that answered before are watched for up to 75 s; if one of them stops answering, the old certificates are restored and the exit status is 2. What lies below agent/ is signed by a server of the cluster: on an agent that is all there is, on a server name it. An authority, and what a process reads only at its start, still need a restart.',
    options: { yes },
    examples: [
      ['certmend renew --yes', 'the whole set'],
      ['certmend renew serving-kube-apiserver --yes', 'one certificate'],
      ['certmend renew agent/client-kubelet --yes', 'one of the agent part, signed by a server of the cluster'],
    ],
    load: () => import('../commands/renew.ts'),
  }),
  command({
    name: 'standby',
    positionals: [
      {
        name: 'action',
        describe: 'show it, make one unless there is a good one, or prove it again',
        required: false,
        many: false,
        choices: ['show', 'prepare', 'verify'],
      },
    ],
    describe: 'the verified set that is ready to go live',
    details: 'Exit status of show and verify: 0 ready, 1 none or stale, 2 damaged.',
    options: {},
    examples: [['certmend standby prepare', 'make and prove a set ahead of time']],
    load: () => import('../commands/standby.ts'),
  }),
  command({
    name: 'generations',
    positionals: [],
    describe: 'the sets that can be restored',
    details: 'Changes nothing.',
    options: {},
    examples: [],
    load: () => import('../commands/generations.ts'),
  }),
  command({
    name: 'rollback',
    positionals: [
      { name: 'generation', describe: 'its number; default: the previous one', required: false, many: false },
    ],
    describe: 'restore an earlier set, if it is still good',
    details: 'The service must be stopped. The set is proven again first; an expired or damaged one is refused.',
    options: { yes },
    examples: [['certmend rollback --yes', 'undo the last commit']],
    load: () => import('../commands/rollback.ts'),
  }),
  command({
    name: 'rehearse',
    positionals: [],
    describe: 'run the boot hook, or the renewals of a running service, in a scratch copy of the node at another time',
    details:
      'Copies the certificates and keys to a private directory, runs the real boot hook there, reports, and removes the copy. The node is only read. ' +
      'With --running: what the daemon does from now until TIME if the service is not restarted, each renewal with the real decision, verification and ' +
      'commit, and what it does not reach. The ports and the health of the service cannot be rehearsed: what is assumed of them is listed. ' +
      'Exit status: 0 the node would come back (or keep running), 2 it would not.',
    options: {
      at,
      running: {
        type: 'boolean',
        describe: 'rehearse the daemon under a service that runs until TIME, instead of the boot hook at TIME',
      },
    },
    examples: [
      ['certmend rehearse', 'what the boot hook would do now'],
      ['certmend rehearse --at +400d', 'would this node survive a year powered off?'],
      ['certmend rehearse --running', 'when the daemon renews, and what it would do now'],
      ['certmend rehearse --running --at +400d', 'would this node survive a year without a restart?'],
    ],
    load: () => import('../commands/rehearse.ts'),
  }),
];
