import { hash } from 'node:crypto';
import { ownPaths } from '../disk/own-paths.ts';
import type { Answers } from '../disk/recorded-reads.ts';

/**
 * That a look of the boot hook found nothing to do, and what that rested on. What the hook finds is a function of the bytes
 * on the disk, of the host, of its arguments, of the program and of the time: while all of them are the same and the time is in
 * the interval, it would find the same again. No key and no digest of a single file is in here.
 */
export interface HealthyLook extends Answers {
  readonly program: string;
  /** Arguments and facts about the host, as `circumstances` puts them. */
  readonly circumstances: string;
  /** Milliseconds since the epoch: at both ends, and so in between, the answer is the same. */
  readonly from: number;
  readonly until: number;
  /** What the hook says, around the time that it took. */
  readonly text: readonly [before: string, after: string];
}

/** Where it is kept, as a node path. */
export const healthyLookPath = ownPaths.healthyLook;

/** What a look depends on besides files and time, as text. */
export function circumstances(args: { readonly root: string; readonly unit: string }, host: unknown): string {
  return JSON.stringify([args.root, args.unit, host]);
}

/** With its own digest: what a power cut has torn is none. */
export function healthyLookBytes(look: HealthyLook): Buffer {
  const text = JSON.stringify(look);
  return Buffer.from(`${hash('sha256', text, 'hex')}\n${text}\n`);
}

/** @returns undefined when it is not whole */
export function parseHealthyLook(bytes: Buffer): HealthyLook | undefined {
  const [digest, text = ''] = bytes.toString('utf8').split('\n');
  // Whole, it is what this program or an older one has written; which of them, its `program` says.
  return hash('sha256', text, 'hex') === digest ? (JSON.parse(text) as HealthyLook) : undefined;
}
