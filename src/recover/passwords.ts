import type { FileReader } from '../disk/file-reader.ts';
import { lastValue, readEffectiveConfig } from '../layout/effective-config.ts';
import { parseJoinToken, tokenPath } from '../layout/join-token.ts';
import type { Layout } from '../layout/layout.ts';
import { knownLayouts } from '../layout/names.ts';
import { environmentFiles } from '../layout/resolve-layout.ts';
import { readUnit } from '../systemd/unit-file.ts';

/**
 * The passwords that may open what this server's datastore holds, the likeliest first: of its own token file, of the
 * `token` of its configuration, of its `token-file`. Secret: never logged, never kept.
 */
export function passwordsOf(layout: Layout, reader: FileReader): readonly string[] {
  const product = knownLayouts.find(({ name }) => name === layout.name)?.product;
  const texts = [textOf(reader, tokenPath(layout.dataDir))];
  if (product !== undefined) {
    const unit = readUnit(layout.unit, reader, environmentFiles(product, layout.unit));
    const setting = (key: string): string | undefined => {
      const answer = readEffectiveConfig(product, unit, reader, key);
      return answer.ok ? lastValue(answer.config, key)?.value : undefined;
    };
    const path = setting('token-file');
    texts.push(setting('token'), path === undefined ? undefined : textOf(reader, path));
  }
  const passwords = texts.flatMap((text) => {
    const token = text === undefined ? undefined : parseJoinToken(text.trim());
    return token?.kind === 'password' ? [token.password] : [];
  });
  return [...new Set(passwords)];
}

function textOf(reader: FileReader, path: string): string | undefined {
  const file = reader.read(path);
  return file.state === 'regular' ? file.bytes.toString('utf8') : undefined;
}
