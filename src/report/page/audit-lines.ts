import { instantOf } from '../../time/rfc3339.ts';

/** A record of the audit file, as far as a page shows it. */
export interface AuditLine {
  readonly at: string;
  readonly event: string;
  /** In a word (src/audit/audit.ts): `critical`, `warning`, `notice`. */
  readonly priority: string | undefined;
  readonly reason: string | undefined;
  readonly message: string;
}

/**
 * The last records in a piece of an audit file, oldest first. The piece may begin in the middle of a line, and a power cut
 * leaves half of one: what is no record is left out.
 */
export function auditLines(text: string, most: number): readonly AuditLine[] {
  return text
    .split('\n')
    .flatMap((line) => recordOf(line) ?? [])
    .slice(-most);
}

function recordOf(line: string): AuditLine | undefined {
  const value = parsed(line);
  const text = (key: string): string | undefined => {
    const field = value?.[key];
    return typeof field === 'string' ? field : undefined;
  };
  const [at, event, message] = [text('at'), text('event'), text('message')];
  if (at === undefined || instantOf(at) === undefined || event === undefined || message === undefined) return undefined;
  return { at, event, message, reason: text('reason'), priority: text('priority') };
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}
