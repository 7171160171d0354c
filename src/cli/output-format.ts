import type { OutputFormat } from './command.ts';

export const outputFormats = ['table', 'json', 'yaml'] as const satisfies readonly OutputFormat[];

export function isOutputFormat(text: string): text is OutputFormat {
  return (outputFormats as readonly string[]).includes(text);
}
