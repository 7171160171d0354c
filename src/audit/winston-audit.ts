import { jsonText } from '../disk/json-text.ts';
import winston from 'winston';
import type { Audit, AuditRecord, Priority } from './audit.ts';
import { auditFields } from './audit-fields.ts';
import { journalLine, terminalLines } from './audit-text.ts';
import type { Paper } from '../terminal/paper.ts';
import { rfc3339 } from '../time/rfc3339.ts';
import { Writable } from 'node:stream';

const levels: Readonly<Record<Priority, number>> = { critical: 0, error: 1, warning: 2, notice: 3, info: 4, debug: 5 };

export interface AuditOptions {
  /** Standard error goes to the journal (JOURNAL_STREAM): lines start with their priority. */
  readonly stderrIsJournal: boolean;
  readonly paper: Paper;
  /** Least important records that the console shows; the file takes `info` and above. */
  readonly consoleLevel: Priority;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly writeConsole: (text: string) => void;
  /** Sends a record to the journal with its fields; false when the journal cannot be reached. Undefined without one. */
  readonly sendToJournal: ((record: AuditRecord) => boolean) | undefined;
  /** Appends one line, its newline included, to the audit file. May throw: that is told once and stops nothing. */
  readonly appendLine: (line: string) => void;
}

/**
 * The audit log through winston, whose only importer this is. All outputs have a record before `record` returns: a
 * process that is killed right after a commit has said so.
 */
export function createAudit(options: AuditOptions): Audit {
  const { stderrIsJournal, paper, consoleLevel, now, writeConsole, sendToJournal, appendLine } = options;
  let fileFailed = false;
  const toConsole = (record: AuditRecord) => {
    writeConsole(stderrIsJournal ? journalLine(record) : terminalLines(record, paper));
  };
  /** Standard error that ends in the journal is for what the journal did not take: nothing is told twice. */
  const toPeople = (record: AuditRecord, isOnConsole: boolean) => {
    const taken = levels[record.priority] <= levels.info && sendToJournal?.(record) === true;
    if (!isOnConsole && !(taken && stderrIsJournal) && levels[record.priority] <= levels[consoleLevel])
      toConsole(record);
  };
  const toFile = (record: AuditRecord) => {
    try {
      appendLine(`${jsonText({ at: rfc3339(now()), ...record })}\n`);
    } catch (error) {
      if (fileFailed) return;
      fileFailed = true;
      const why = error instanceof Error ? error.message : String(error);
      const message = `the audit file cannot be written: ${why}; the records are only here`;
      toConsole(auditFields({ event: 'failed', priority: 'warning', message }));
    }
  };
  const logger = winston.createLogger({
    levels,
    exitOnError: false,
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston's types give its own transports as interfaces
    transports: [transport('debug', toPeople), transport('info', toFile)],
  });
  return {
    record: (record) => {
      const fields = auditFields(record);
      // winston adds a meta field named `message` to the message and turns objects into `{}`: all of ours goes below
      // one key, and the transports read nothing else.
      const isOnConsole = record.isOnConsole === true;
      logger.log({ level: fields.priority, message: fields.message, fields, isOnConsole });
    },
    ready: () => Promise.resolve(),
    flush: () => Promise.resolve(),
  };
}

function transport(level: Priority, take: (record: AuditRecord, isOnConsole: boolean) => void) {
  const stream = new Writable({
    objectMode: true,
    write: (info: { readonly fields: AuditRecord; readonly isOnConsole: boolean }, _encoding, done) => {
      try {
        take(info.fields, info.isOnConsole);
      } catch {
        // A console that is gone (EPIPE) must not stop a rotation, and there is nobody left to tell.
      }
      done();
    },
  });
  return new winston.transports.Stream({ stream, level });
}
