import type { ReasonCode } from './reason.ts';

/** Exit statuses of the command line (sysexits where one fits); 0 to 3 are the health levels of `check`. */
export const exitStatus = {
  ok: 0,
  warning: 1,
  critical: 2,
  unknown: 3,
  usage: 64,
  bug: 70,
  cannotWrite: 73,
  tryAgain: 75,
  refused: 77,
  configuration: 78,
} as const;

export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

export interface ErrorOptions {
  /** What the person at 3 a.m. should do next; one sentence, no stack, no code. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** The exit status of the command line when this error reaches the top. */
  readonly exit?: ExitStatus | undefined;
}

/**
 * The one error that certmend throws on purpose. `message` says what happened, to which file, and what certmend did
 * about it; `hint` says what to do. Anything else that reaches the top is a bug in certmend (exit 70).
 */
export class CertmendError extends Error {
  override readonly name = 'CertmendError';
  readonly code: ReasonCode;
  readonly hint: string | undefined;
  readonly exit: ExitStatus;

  constructor(code: ReasonCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.exit = options.exit ?? exitStatus.cannotWrite;
  }
}
