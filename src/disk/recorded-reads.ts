import { hash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import type { FileReader } from './file-reader.ts';

type Operation = keyof FileReader;

/** One question to the disk: a method of the reader, and what it was asked with. */
export type Question = readonly [operation: Operation, path: string, within?: string];

/** Every question that a look has asked, each once, in order; and one digest over all answers. */
export interface Answers {
  readonly questions: readonly Question[];
  /** SHA-256, hexadecimal. Of all together: none of a single file, which may hold a secret that can be guessed. */
  readonly digest: string;
}

export interface Recording {
  /** Answers as the reader it was made of. */
  readonly reader: FileReader;
  /** Undefined when a question had two answers: then no look can tell on which of them it rests. */
  readonly answers: () => Answers | undefined;
}

/**
 * Writes down what a look asks of the disk. A look that is a pure function of its answers comes to the same whenever they are
 * the same. Contents, modes, owners, names and links are answers; times are none: they say nothing of a file's bytes.
 *
 * @param unseen a file that the look itself leaves behind; its name is not heard in the list of its directory
 */
export function recordReads(reader: FileReader, unseen: string): Recording {
  const taken = new Map<string, readonly [Question, answer: string]>();
  let isSteady = true;
  const note = (question: Question, answer: string): void => {
    const key = question.join('\0');
    const known = taken.get(key);
    if (known === undefined) taken.set(key, [question, answer]);
    else if (known[1] !== answer) isSteady = false;
  };
  const recorded: FileReader = {
    read: (path, within) => {
      const file = reader.read(path, within);
      note(asked('read', path, within), textOf(file));
      return file;
    },
    readOwn: (path, within) => {
      const file = reader.readOwn(path, within);
      note(asked('readOwn', path, within), textOf(file));
      return file;
    },
    stat: (path) => {
      const there = reader.stat(path);
      note(['stat', path], textOf(there));
      return there;
    },
    list: (directory) => {
      const names = reader.list(directory);
      note(['list', directory], listText(names, directory, unseen));
      return names;
    },
    readLink: (path) => {
      const target = reader.readLink(path);
      note(['readLink', path], target ?? nothing);
      return target;
    },
  };
  return {
    reader: recorded,
    answers: () => {
      if (!isSteady) return undefined;
      const all = [...taken.values()];
      return { questions: all.map(([question]) => question), digest: digestOf(all.map(([, answer]) => answer)) };
    },
  };
}

/**
 * The digest of the answers as they are now.
 * @throws CertmendError StorageFailed where the machine is short of memory or open files
 */
export function askAgain(reader: FileReader, questions: readonly Question[], unseen: string): string {
  return digestOf(questions.map((question) => answerTo(reader, question, unseen)));
}

function answerTo(reader: FileReader, [operation, path, within]: Question, unseen: string): string {
  switch (operation) {
    case 'read':
    case 'readOwn':
      return textOf(reader[operation](path, within));
    case 'stat':
      return textOf(reader.stat(path));
    case 'list':
      return listText(reader.list(path), path, unseen);
    case 'readLink':
      return reader.readLink(path) ?? nothing;
  }
}

function asked(operation: 'read' | 'readOwn', path: string, within: string | undefined): Question {
  return within === undefined ? [operation, path] : [operation, path, within];
}

/** No name and no target of a link has it. */
const nothing = '\0';

function textOf(answer: ReturnType<FileReader['read']> | ReturnType<FileReader['stat']>): string {
  switch (answer.state) {
    case 'absent':
      return 'absent';
    case 'regular':
      return `${answer.sha256} ${answer.mode} ${answer.uid} ${answer.gid}`;
    case 'present':
      // How large a directory is says nothing of what is in it.
      return `${answer.type} ${answer.mode} ${answer.uid} ${answer.gid} ${answer.type === 'directory' ? '' : answer.size}`;
    case 'unreadable':
      return `unreadable ${answer.detail}`;
  }
}

function listText(names: readonly string[] | undefined, directory: string, unseen: string): string {
  if (names === undefined) return nothing;
  const isThere = directory === dirname(unseen);
  return names.filter((name) => !isThere || name !== basename(unseen)).join('\0');
}

function digestOf(answers: readonly string[]): string {
  // A length before each, so that no two lists of answers are one text.
  return hash('sha256', answers.map((answer) => `${answer.length}:${answer}`).join(''), 'hex');
}
