import type { Ports } from '../../survey/ports.ts';
import { resolveLayout } from '../../layout/resolve-layout.ts';
import { printable } from '../../terminal/paper.ts';
import type { Arguments } from '../command.ts';
import type { Io } from '../io.ts';

/**
 * `--verbose`: how the layout was found out, and where each effective setting comes from; also when none was found. On
 * standard error, so that a document on standard output stays one.
 */
export function tellLayout(ports: Ports, args: Arguments, io: Io): void {
  if (!args.verbose) return;
  const answer = resolveLayout(ports.hints, ports.reader, ports.host);
  const say = (line: string): void => {
    io.stderr.write(`${line}\n`);
  };
  const evidence = answer.ok ? answer.layout.evidence : answer.evidence;
  if (answer.ok) {
    const { name, unit, dataDir, productVersion } = answer.layout;
    say(`certmend: layout ${name}, unit ${unit}, data directory ${printable(dataDir)}`);
    if (productVersion !== undefined)
      say(`  version: ${printable(`${productVersion.value} (${productVersion.origin})`)}`);
  } else {
    say('certmend: no layout was found');
  }
  for (const sentence of evidence) say(`  evidence: ${printable(sentence)}`);
  for (const { key, value, origin } of answer.ok ? answer.layout.settings : [])
    say(`  setting: ${printable(value === '' ? key : `${key} = ${value}`)} (${printable(origin)})`);
}
