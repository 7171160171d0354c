import type { FileState } from '../../disk/file-reader.ts';
import { octal } from '../figures.ts';
import { shellWord } from '../../disk/shell-word.ts';
import type { DocumentItem, KeyItem } from '../../inventory/inventory.ts';
import type { Fault, Rule } from './rule.ts';

/** Everybody but the owner, and what lets others change a public file. */
const othersAccess = 0o077;
const othersWrite = 0o022;

/** A certificate's file that has a private key in it is as secret as the key. */
export function holdsPrivateKey(file: FileState): boolean {
  return file.state === 'regular' && /-----BEGIN (?:[A-Z]{1,10} )?PRIVATE KEY-----/.test(file.bytes.toString('latin1'));
}

/** A file to be judged by its mode. `secret`: it holds a private key or a password. */
export interface GuardedFile {
  readonly path: string;
  readonly file: FileState | undefined;
  readonly secret: boolean;
  /** The mode that the layout gives it; bits that it allows are never weak. */
  readonly mode?: number | undefined;
}

/**
 * The first file that others may read (a secret) or change (anything). certmend never changes a mode by itself: a
 * commit gives the files that it writes the mode of the layout, and for the rest the message has the command.
 */
export function permissionsFault(files: readonly GuardedFile[], writtenByCertmend: boolean): Fault | undefined {
  const weak = files.find(isWeak);
  if (weak?.file?.state !== 'regular') return undefined;
  const right = octal(weak.file.mode & ~(weak.secret ? othersAccess : othersWrite));
  const may = weak.secret ? 'holds a secret and is accessible to group or others' : 'is writable by group or others';
  const later = writtenByCertmend ? '; certmend sets the mode when it next writes the file' : '';
  return {
    code: 'WeakPermissions',
    severity: 'warning',
    path: weak.path,
    message: `${weak.path} ${may} (mode ${octal(weak.file.mode)}): chmod ${right} ${shellWord(weak.path)}${later}`,
    answer: writtenByCertmend ? 'none' : 'operator',
  };
}

function isWeak(guarded: GuardedFile): boolean {
  if (guarded.file?.state !== 'regular') return false;
  const forbidden = (guarded.secret ? othersAccess : othersWrite) & ~(guarded.mode ?? 0);
  return (guarded.file.mode & forbidden) !== 0;
}

/** Modes of the files, for evidence. */
export function modesOf(files: readonly GuardedFile[]): Readonly<Record<string, string>> {
  const modes: Record<string, string> = {};
  for (const { path, file } of files) if (file?.state === 'regular') modes[path] = octal(file.mode);
  return modes;
}

/** Of a file that is one secret: a key without a certificate, a protected document. */
export const secretRule: Rule<{ readonly item: KeyItem | DocumentItem }> = {
  name: 'permissions',
  asks: 'can only its owner read it?',
  inputs: ({ item }) => modesOf(secretOf(item)),
  judge: ({ item }) => permissionsFault(secretOf(item), false) ?? 'passed',
};

function secretOf({ entry, file }: KeyItem | DocumentItem): readonly GuardedFile[] {
  return [{ path: entry.path, file, secret: true }];
}
