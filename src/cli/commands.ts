import type { Command } from './command.ts';
import { act } from './rows/act.ts';
import { authorities } from './rows/authorities.ts';
import { backup } from './rows/backup.ts';
import { cluster } from './rows/cluster.ts';
import { look } from './rows/look.ts';
import { watch } from './rows/watch.ts';

/** The first words of commands that have two, with what their commands are about. */
export const groups: Readonly<Record<string, string>> = {
  ca: 'the certificate authorities of the node',
  cluster: 'what the cluster is told of the certificates of this node',
  backup: 'encrypted backups of certificates, keys and configuration',
};

/** The commands in the order of a bad day: look, understand, act, undo, prepare the next one. */
export const commands: readonly Command[] = [...look, ...act, ...authorities, ...backup, ...cluster, ...watch];
