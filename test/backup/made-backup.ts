import type { ExecutionContext } from 'ava';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runBuilt } from '../cli/built.ts';

/** A directory for archives and a pair of keys, gone with the test. */
export interface Vault {
  readonly directory: string;
  readonly to: string;
  readonly recipient: string;
  readonly keyFile: string;
}

export async function vaultFor(t: ExecutionContext): Promise<Vault> {
  const directory = mkdtempSync(join(tmpdir(), 'certmend-backup-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  const to = join(directory, 'to');
  mkdirSync(to, { mode: 0o700 });
  const identity = await generateX25519Identity();
  const keyFile = join(directory, 'key.txt');
  writeFileSync(keyFile, `# a comment\n${identity}\n`, { mode: 0o600 });
  return { directory, to, recipient: await identityToRecipient(identity), keyFile };
}

/** Backs the tree up; the path of the archive. */
export async function backUp(root: string, { to, recipient }: Vault): Promise<string> {
  const { status, stderr } = await runBuilt(['--root', root, 'backup', 'create', '--recipient', recipient, '--to', to]);
  const name = readdirSync(to).find((one) => one.endsWith('.certmend.age'));
  if (status !== 0 || name === undefined) throw new Error(`no backup: ${String(status)} ${stderr}`);
  return join(to, name);
}
