/**
 * A small part of Markdown as roff with the man(7) macros: `# SECTION`, `## Subsection`, paragraphs, `- item`, `1. item`, a line
 * `term` followed by lines that begin with `: `, code that is indented by four blanks; inside a line `code`, **bold**.
 */
export function roff(markdown: string): string {
  const blocks = markdown.trim().split(/\n{2,}/);
  // A section begins a paragraph by itself.
  return blocks
    .map(block)
    .join('')
    .replaceAll(/^(\.S[HS] .*)\n\.PP\n/gm, '$1\n');
}

/** Title line of a page: name, section, date. */
export function roffTitle(name: string, section: number, epoch: number, version: string): string {
  const date = new Date(epoch * 1000).toISOString().slice(0, 10);
  return `.TH ${name} ${section} ${date} "certmend ${version}" "System administration"\n.nh\n.ad l\n`;
}

function block(text: string): string {
  const lines = text.split('\n');
  const [first = '', second = ''] = lines;
  if (first.startsWith('# ')) return `.SH ${first.slice(2)}\n${rest(lines)}`;
  if (first.startsWith('## ')) return `.SS ${inline(first.slice(3))}\n${rest(lines)}`;
  if (first.startsWith('    '))
    return `.PP\n.RS 4\n.nf\n${lines.map((line) => protect(escape(line.slice(4)))).join('\n')}\n.fi\n.RE\n`;
  if (first.startsWith('- ')) {
    const items = text.slice(2).split(/\n- /);
    return items.map((item) => `.IP \\(bu 3\n${paragraph(item)}`).join('');
  }
  if (first.startsWith('1. ')) {
    const items = text.slice(3).split(/\n\d+\. /);
    return items.map((item, index) => `.IP ${String(index + 1)}. 4\n${paragraph(item)}`).join('');
  }
  if (second.startsWith(': '))
    return `.TP\n${protect(inline(first))}\n${paragraph(lines.slice(1).join('\n').replace(/^: /, ''))}`;
  return `.PP\n${paragraph(text)}`;
}

function rest(lines: readonly string[]): string {
  return lines.length > 1 ? paragraph(lines.slice(1).join('\n')) : '';
}

function paragraph(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return `${lines.map((line) => protect(inline(line))).join('\n')}\n`;
}

function inline(text: string): string {
  return escape(text)
    .replaceAll(/`([^`]+)`/g, (_all, code: string) => `\\fB${code}\\fR`)
    .replaceAll(/\*\*([^*]+)\*\*/g, '\\fB$1\\fR');
}

/** A hyphen is one that can be copied and typed; what is not ASCII is named, so that any roff can set it. */
function escape(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/\P{ASCII}/gu, (character) => {
      const hexadecimal = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      return `\\[u${hexadecimal}]`;
    });
}

/** A dot or a quote at the beginning of a line would be a request. */
function protect(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}
