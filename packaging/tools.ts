import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Options } from './options.ts';

/**
 * Looks for the programs that the chosen packages need. Installs nothing.
 *
 * @throws Error that names the Debian packages of everything that is missing
 */
export function requireTools({ architectures, formats }: Options, path: string): void {
  const wanted = new Map<string, string>();
  for (const { strip, stripPackage } of architectures) wanted.set(strip, stripPackage);
  if (formats.includes('deb')) wanted.set('dpkg-deb', 'dpkg');
  if (formats.includes('rpm')) wanted.set('rpmbuild', 'rpm');
  const missing = [...wanted].filter(([command]) => !isThere(command, path));
  if (missing.length > 0) {
    const lines = missing.map(
      ([command, debianPackage]) => `  ${command} is missing; Debian has it in ${debianPackage}`,
    );
    const install = `apt-get install ${missing.map(([, debianPackage]) => debianPackage).join(' ')}`;
    throw new Error([...lines, `  ${install}`].join('\n'));
  }
}

function isThere(command: string, path: string): boolean {
  return path.split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Runs a program to its end and returns its standard output.
 *
 * @throws Error with everything it said, when it fails
 */
export async function runTool(
  command: string,
  words: readonly string[],
  { cwd, env }: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  return await new Promise((resolve, reject) => {
    const child = spawn(command, words, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, said] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      said += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.on('error', reject);
    child.on('close', (status, signal) => {
      if (status === 0) resolve(stdout);
      else reject(new Error(`${command} ${words.join(' ')}: ended with ${signal ?? String(status)}\n${said}`));
    });
  });
}
