import { type Command, command, type OptionSpec, type PositionalSpec } from './command.ts';

const at = {
  type: 'string',
  describe: 'evaluate the node as of TIME: RFC 3339, or relative to now: +400d, +12h',
} as const satisfies OptionSpec;
const repairBootstrap = {
  type: 'boolean',
  describe:
    'also move damaged files of the bootstrap set to quarantine, so that the service restores them from its datastore',
} as const satisfies OptionSpec;
const yes = { type: 'boolean', describe: 'do not ask for confirmation' } as const satisfies OptionSpec;
const entry = {
  name: 'entry',
  describe: 'entry id as shown by `certmend check`, for example serving-kube-apiserver',
  required: true,
  many: false,
} as const satisfies PositionalSpec;

/** The first words of commands that have two, with what their commands are about. */
export const groups: Readonly<Record<string, string>> = {
  ca: 'the certificate authorities of the node',
  cluster: 'what the cluster is told of the certificates of this node',
  backup: 'encrypted backups of certificates, keys and configuration',
};

/** The commands in the order of a bad day: look, understand, act, undo, prepare the next one. */
export const commands: readonly Command[] = [
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
    load: () => import('./commands/check.ts'),
  }),
  command({
    name: 'plan',
    positionals: [],
    describe: 'what the boot hook would do, now or at a given time, and why',
    details:
      'Changes nothing. Exit status: 0 nothing to do, 1 something would be done, 2 it would be refused or deferred.',
    options: { at, 'repair-bootstrap': repairBootstrap },
    examples: [['certmend plan --at +400d', 'after more than a year powered off']],
    load: () => import('./commands/plan.ts'),
  }),
  command({
    name: 'why',
    positionals: [entry],
    describe: 'the decision about one certificate, rule by rule, and its next date',
    details: 'Changes nothing.',
    options: { at },
    examples: [['certmend why server-ca', 'what certmend knows and would do about one entry']],
    load: () => import('./commands/why.ts'),
  }),
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
    load: () => import('./commands/prestart.ts'),
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
    load: () => import('./commands/rotate.ts'),
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
    load: () => import('./commands/renew.ts'),
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
    load: () => import('./commands/standby.ts'),
  }),
  command({
    name: 'generations',
    positionals: [],
    describe: 'the sets that can be restored',
    details: 'Changes nothing.',
    options: {},
    examples: [],
    load: () => import('./commands/generations.ts'),
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
    load: () => import('./commands/rollback.ts'),
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
    load: () => import('./commands/rehearse.ts'),
  }),
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
    load: () => import('./commands/ca/status.ts'),
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
    load: () => import('./commands/ca/rotate.ts'),
  }),
  command({
    name: 'cluster manifest',
    positionals: [],
    describe: 'what a cluster needs for kubectl get certificates: to be applied once, by its administrator',
    details:
      'Prints YAML for kubectl, or for the directory that the product applies manifests from: the resource NodeCertificate, what a node may do with it, ' +
      'and a policy by which a node writes its own objects only. With -o json one List. Nothing of this node is in it, and nothing is applied. ' +
      'Needed for cluster.report: certificates alone; docs/cluster.md explains each part.',
    options: {},
    examples: [['certmend cluster manifest | kubectl apply -f -', 'install it, or bring it up to date']],
    load: () => import('./commands/cluster/manifest.ts'),
  }),
  command({
    name: 'cluster status',
    positionals: [],
    describe: 'what the cluster was last told of this node, when, and what is in the way',
    details:
      'Reads what the daemon remembers; the API server is not asked, and nothing is changed. ' +
      'Exit status: 0 told, or off; 1 something is in the way; 3 not told yet.',
    options: {},
    examples: [['certmend cluster status -o json', 'for a script']],
    load: () => import('./commands/cluster/status.ts'),
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
    load: () => import('./commands/ca/recover.ts'),
  }),
  command({
    name: 'backup create',
    positionals: [],
    describe: 'back up authorities, keys, tokens and configuration, encrypted',
    details:
      'Writes one file, encrypted with age to the recipients, and reads it back. In it are the authorities with their keys, the rest of the bootstrap set, ' +
      'tokens, certificates and keys, kubeconfigs, the configuration of the product and of certmend, and its state; not the datastore: ' +
      "that is what the product's own snapshots are for. The node cannot read its own backups: the private key belongs elsewhere. " +
      'Then older backups of this node go, as backup.keep and backup.maxAge say. ' +
      'Exit status: 0 made, 1 made of a node that is damaged or lacks something, 73 or 77 not made.',
    options: {
      recipient: {
        type: 'string',
        many: true,
        describe:
          'public key of age (age1...) of somebody who can read it; may be repeated; default: backup.recipients',
      },
      'recipients-file': { type: 'string', describe: 'a file with such keys, one a line' },
      to: { type: 'string', describe: 'directory to write it to, which must exist; default: backup.to' },
    },
    examples: [
      ['certmend backup create', 'as the configuration says'],
      [
        'certmend backup create --recipients-file /root/backup.pub --to /mnt/usb',
        'onto a disk, for the keys in a file',
      ],
    ],
    load: () => import('./commands/backup/create.ts'),
  }),
  command({
    name: 'backup list',
    positionals: [],
    describe: 'the backups in a directory, and what can be told of them without a key',
    details: 'Changes nothing. Exit status: 0 there are some and all look whole, 1 none, or one is damaged.',
    options: { to: { type: 'string', describe: 'the directory; default: backup.to' } },
    examples: [['certmend backup list', 'which backups are there, and how old']],
    load: () => import('./commands/backup/list.ts'),
  }),
  command({
    name: 'backup verify',
    positionals: [
      {
        name: 'file',
        describe: 'the backup; default: the latest of this node in backup.to',
        required: false,
        many: false,
      },
    ],
    describe: 'is a backup whole, and does every key in it fit?',
    details:
      'With --identity it decrypts the backup, compares the digest of every file, and checks that the keys fit their certificates and these their authorities. ' +
      'Without, only the header can be checked. Writes nothing. ' +
      'Exit status: 0 whole, 2 whole but of a node that was damaged, 3 only the header was checked, 77 not a backup, damaged, or another key is needed.',
    options: {
      identity: { type: 'string', describe: 'file with the private key of a recipient, as age-keygen writes it' },
    },
    examples: [['certmend backup verify FILE --identity key.txt', 'before the day it is needed']],
    load: () => import('./commands/backup/verify.ts'),
  }),
  command({
    name: 'backup restore',
    positionals: [{ name: 'file', describe: 'the backup', required: true, many: false }],
    describe: 'put the files of a backup back, authorities and keys included',
    details:
      'Decrypts and verifies the backup, and lists what differs from the node. With the name of the node, typed on a terminal or given with --confirm, ' +
      'it restores all of that or nothing, with the owners, modes and times of the backup. The service must be stopped. ' +
      'A backup of another node, and authorities that are older than those on the node, are refused unless told. An interrupted restore is finished by ' +
      'the same command, and by nothing else. With --root it restores to a mounted disk or an empty directory. ' +
      'Exit status: 0 restored or nothing differs, 1 restored, and the backed up node was damaged, 64 not confirmed, 73 cannot write, 77 refused.',
    options: {
      identity: {
        type: 'string',
        required: true,
        describe: 'file with the private key of a recipient, as age-keygen writes it',
      },
      confirm: { type: 'string', describe: 'the name of the node that is in the backup: restore it without asking' },
      'other-node': { type: 'boolean', describe: 'the backup is of another node than this one' },
      'older-authority': { type: 'boolean', describe: 'replace authorities by older ones' },
    },
    examples: [
      ['certmend backup restore FILE --identity key.txt', 'what would it change?'],
      ['certmend --root /mnt backup restore FILE --identity key.txt --confirm node-1', 'a mounted disk, in a script'],
    ],
    load: () => import('./commands/backup/restore.ts'),
  }),
  command({
    name: 'status',
    positionals: [],
    describe: 'health, generations, last events, next deadline',
    details: 'Changes nothing. Exit status as for check.',
    options: {},
    examples: [],
    load: () => import('./commands/status.ts'),
  }),
  command({
    name: 'report',
    positionals: [],
    describe: 'the node on one page that can be mailed and printed',
    details:
      'Writes one HTML file: health and its reasons, what happens when, a picture of all ends, who signs what, the last events, and every entry. ' +
      'It needs no network and no script, holds no private key and no token, and is written 0600; it does name the node and its files. ' +
      'An earlier page is replaced; any other file is left as it is. FILE is a path on this host, also with --root. Changes nothing on the node. ' +
      'Exit status: 0 the page was written, whatever the health; 64 or 77 FILE is not a place for it.',
    options: {
      html: { type: 'string', describe: 'the file to write; - for standard output', required: true },
    },
    examples: [
      ['certmend report --html /tmp/node.html', 'for a mail or a ticket'],
      ['certmend report --html - > node.html', 'with the owner and the mode that the shell gives it'],
    ],
    load: () => import('./commands/report/report.ts'),
  }),
  command({
    name: 'doctor',
    positionals: [],
    describe: 'is this node able to heal itself?',
    details:
      'Checks write access, space, the lock, the clock, the boot hook of the unit, what the daemon may write, authority keys and ' +
      'other tools that rotate. Prints the systemd drop-ins that this node needs, and writes them when asked; an existing file is ' +
      'never overwritten. Space and write access are tested with files that it removes at once. Exit status: 0 able, ' +
      '1 with warnings, 2 not able.',
    options: {
      'write-drop-ins': {
        type: 'boolean',
        describe: 'write the missing drop-ins below /etc/systemd/system, and print the command that activates them',
      },
    },
    examples: [['certmend doctor --write-drop-ins', 'a custom data directory, or a unit without the boot hook']],
    load: () => import('./commands/doctor.ts'),
  }),
  command({
    name: 'daemon',
    positionals: [],
    describe: 'the service: check on a schedule, keep a standby, report what changed',
    details:
      'Run by certmend.service. Checks the certificates every daemon.checkInterval and when they change, keeps a verified standby ' +
      'set, and renews the certificates of a running service, with the same keys, before they expire (live.enabled). SIGHUP reloads the ' +
      'configuration, SIGTERM stops it. It listens on nothing unless metrics.listen is set.',
    options: {},
    examples: [['systemctl status certmend', 'its current state']],
    load: () => import('./commands/daemon.ts'),
  }),
];
