import { messageId } from '../src/audit/audit-text.ts';
import { eventMessages } from './event-messages.ts';
import { plainText } from './plain-text.ts';
import { readProject } from './project.ts';
import { wrapLines } from './wrap.ts';

/**
 * The message catalog of the journal: what `journalctl -x` adds to each record. For a reason it is its paragraph of
 * docs/reasons.md. No `@FIELD@` is used: of a record that lacks the field the journal would print the field's name.
 */
export function journalCatalog(reasons = readProject('docs', 'reasons.md')): string {
  const fromReasons = reasonParagraphs(reasons).map(([code, text]) => {
    const fields = `What this record is about, and the command if there is one: journalctl -o verbose CERTMEND_REASON=${code}`;
    return entry(code, [text, fields]);
  });
  const fromEvents = Object.entries(eventMessages).map(([event, text]) => entry(event, [text]));
  return [...fromReasons, ...fromEvents].join('\n');
}

/** Code and paragraph of each reason, in plain text. */
export function reasonParagraphs(markdown: string): readonly (readonly [code: string, text: string])[] {
  return markdown
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [code = '', ...lines] = (section.split(/^# /m)[0] ?? '').split('\n');
      return [code.trim(), plainText(lines.join('\n').trim())] as const;
    });
}

function entry(name: string, paragraphs: readonly string[]): string {
  const text = paragraphs.map((paragraph) => wrapLines(paragraph, 78).join('\n')).join('\n\n');
  return `-- ${messageId(name)}
Subject: certmend: ${name}
Defined-By: certmend
Documentation: man:certmend(8)

${text}
`;
}
