import type { ReasonCode, SaidReason } from '../../reason.ts';
import { type Paper, printable } from '../../terminal/paper.ts';
import { headLine, reasonLines, wrap } from '../../terminal/report-lines.ts';
import { renderTable } from '../../terminal/table.ts';
import type { DocumentHeader } from '../document.ts';

/** What `backup create` made. */
export interface BackupReport extends DocumentHeader<'Backup'> {
  readonly at: string;
  readonly root: string;
  readonly nodeName: string;
  readonly layout: string;
  readonly path: string;
  readonly sizeBytes: number;
  /** Of the encrypted file. */
  readonly sha256: string;
  readonly recipients: readonly string[];
  readonly files: number;
  /** What is wrong with the node that was backed up. */
  readonly reasons: readonly SaidReason<string | null>[];
  /** What is not in it, a sentence each. */
  readonly left: readonly string[];
  /** Older ones that were removed. */
  readonly removed: readonly string[];
  readonly notes: readonly string[];
}

/** The archives of a directory, of `backup list`. */
export interface BackupList extends DocumentHeader<'BackupList'> {
  readonly at: string;
  readonly directory: string;
  readonly backups: readonly ListedBackup[];
}

export interface ListedBackup {
  readonly path: string;
  readonly nodeName: string;
  readonly createdAt: string;
  readonly ageSeconds: number;
  readonly sizeBytes: number | null;
  readonly recipients: number | null;
  /** Why it is none, as far as can be told without a key; null when it looks whole. */
  readonly problem: string | null;
}

/** What `backup verify` found. */
export interface BackupVerification extends DocumentHeader<'BackupVerification'> {
  readonly at: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly recipients: readonly string[];
  /** `header`: without an identity, its header alone. `contents`: all of it. */
  readonly depth: 'header' | 'contents';
  /** Null without an identity. */
  readonly contents: {
    readonly nodeName: string;
    readonly machineId: string;
    readonly layout: string;
    readonly productVersion: string | null;
    readonly dataDir: string;
    readonly createdAt: string;
    readonly certmend: string;
    readonly files: readonly { readonly path: string; readonly sha256: string; readonly sizeBytes: number }[];
    /** Keys that were compared with their certificates. */
    readonly pairs: number;
    readonly reasons: readonly SaidReason<string | null>[];
  } | null;
}

/** What `backup restore` did, or would do. */
export interface RestoreReport extends DocumentHeader<'Restore'> {
  readonly at: string;
  readonly root: string;
  readonly path: string;
  readonly nodeName: string;
  readonly layout: string;
  readonly unit: string;
  readonly createdAt: string;
  readonly decision: 'would-restore' | 'restored' | 'nothing-to-do';
  readonly files: readonly { readonly path: string; readonly change: 'create' | 'replace' | 'same' }[];
  readonly reasons: readonly { readonly code: ReasonCode; readonly id: string | null; readonly message: string }[];
  readonly notes: readonly string[];
}

export function backupText(report: BackupReport, paper: Paper): string {
  const { nodeName, files, sizeBytes, recipients, path, reasons, left, removed, notes } = report;
  const readers = recipients.length === 1 ? '1 recipient' : `${String(recipients.length)} recipients`;
  const head = headLine(
    `backup of ${nodeName}`,
    left.length + reasons.length === 0 ? 'green' : 'yellow',
    [`${String(files)} files`, `${String(sizeBytes)} bytes`, readers],
    paper,
  );
  return (
    head +
    lines([path], paper) +
    reasonLines(reasons, paper) +
    lines(
      [
        ...left.map((one) => `not in it: ${one}`),
        ...removed.map((one) => `removed: ${one}`),
        ...notes,
        "The datastore is not part of it: that is what the product's own snapshots are for.",
      ],
      paper,
    )
  );
}

export function backupListText({ backups, directory }: BackupList, paper: Paper): string {
  if (backups.length === 0) return `no backups in ${printable(directory)}\n`;
  return renderTable(
    [
      { title: 'BACKUP', least: 30 },
      { title: 'AGE', align: 'right' },
      { title: 'BYTES', align: 'right' },
      { title: 'RECIPIENTS', align: 'right' },
      { title: 'PROBLEM', least: 20 },
    ],
    backups.map(({ path, ageSeconds, sizeBytes, recipients, problem }) => [
      { text: path },
      { text: ageText(ageSeconds) },
      { text: sizeBytes === null ? '' : String(sizeBytes) },
      { text: recipients === null ? '' : String(recipients) },
      { text: problem ?? '', ink: 'red' },
    ]),
    paper,
  );
}

export function verificationText(report: BackupVerification, paper: Paper): string {
  const { path, sizeBytes, recipients, contents } = report;
  const readers = recipients.length === 1 ? '1 recipient' : `${String(recipients.length)} recipients`;
  const facts = [`${String(sizeBytes)} bytes`, readers];
  if (contents === null) {
    return (
      headLine('only the header was checked', 'yellow', facts, paper) +
      lines(
        [
          path,
          'Its header is well formed. Whether it decrypts, and what is in it, needs the private key of a recipient: --identity FILE',
        ],
        paper,
      )
    );
  }
  const { reasons, pairs, files, nodeName, createdAt } = contents;
  const verdict = reasons.length === 0 ? 'whole' : 'whole, of a node that was damaged';
  return (
    headLine(verdict, reasons.length === 0 ? 'green' : 'red', [nodeName, createdAt, ...facts], paper) +
    lines(
      [
        path,
        `${String(files.length)} files have the digests of the manifest; ${String(pairs)} keys were compared with their certificates`,
      ],
      paper,
    ) +
    reasonLines(reasons, paper)
  );
}

export function restoreText(report: RestoreReport, paper: Paper): string {
  const { decision, files, nodeName, createdAt, notes, reasons } = report;
  const changed = files.filter(({ change }) => change !== 'same');
  const verdicts = { 'would-restore': 'would restore', restored: 'restored', 'nothing-to-do': 'nothing to restore' };
  const head = headLine(
    `${verdicts[decision]} ${nodeName}`,
    decision === 'would-restore' ? 'yellow' : 'green',
    [`as of ${createdAt}`, `${String(changed.length)} of ${String(files.length)} files differ`],
    paper,
  );
  return (
    head +
    changed.map(({ path, change }) => `  ${change.padEnd(8)} ${printable(path)}\n`).join('') +
    reasonLines(reasons, paper) +
    lines(notes, paper)
  );
}

/** `3 d`, `5 h`, `12 min`. */
export function ageText(seconds: number): string {
  if (seconds >= 2 * 86_400) return `${String(Math.floor(seconds / 86_400))} d`;
  return seconds >= 7200
    ? `${String(Math.floor(seconds / 3600))} h`
    : `${String(Math.max(0, Math.floor(seconds / 60)))} min`;
}

function lines(texts: readonly string[], paper: Paper): string {
  return texts.map((text) => `  ${wrap(printable(text), (paper.columns ?? Infinity) - 2, '  ')}\n`).join('');
}
