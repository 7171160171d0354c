import { type Command, command } from '../command.ts';

/** Backups, and the way back from one. */
export const backup: readonly Command[] = [
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
    load: () => import('../commands/backup/create.ts'),
  }),
  command({
    name: 'backup list',
    positionals: [],
    describe: 'the backups in a directory, and what can be told of them without a key',
    details: 'Changes nothing. Exit status: 0 there are some and all look whole, 1 none, or one is damaged.',
    options: { to: { type: 'string', describe: 'the directory; default: backup.to' } },
    examples: [['certmend backup list', 'which backups are there, and how old']],
    load: () => import('../commands/backup/list.ts'),
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
    load: () => import('../commands/backup/verify.ts'),
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
    load: () => import('../commands/backup/restore.ts'),
  }),
];
