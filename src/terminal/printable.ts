import { steering } from '../disk/json-text.ts';

/** The text on one line, as a terminal may safely be given it. */
export function printable(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ').replace(steering, '\ufffd');
}
