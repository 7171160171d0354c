import { type Command, command } from '../command.ts';

/** How the node is, and who looks after it. */
export const watch: readonly Command[] = [
  command({
    name: 'status',
    positionals: [],
    describe: 'health, generations, last events, next deadline',
    details: 'Changes nothing. Exit status as for check.',
    options: {},
    examples: [],
    load: () => import('../commands/status.ts'),
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
    load: () => import('../commands/report/report.ts'),
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
    load: () => import('../commands/doctor.ts'),
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
    load: () => import('../commands/daemon.ts'),
  }),
];
