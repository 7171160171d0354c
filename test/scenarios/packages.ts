import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { run } from './certmend.ts';
import { scratchDirectory } from './scratch.ts';

const script = join(import.meta.dirname, '..', '..', 'packaging', 'package.ts');

/** Host paths of the packages of one version. */
export interface Packages {
  readonly deb: string;
  readonly rpm: string;
}

const made = new Map<string, Promise<Packages>>();

/** The version that counts as the previous one: the same program under a lower number. */
export const previousVersion = '0.0.9';

/** Packages of the source as it is, made once in a run. `version` is that of package.json when undefined. */
export async function packages(version?: string): Promise<Packages> {
  const key = version ?? '';
  const promise = made.get(key) ?? make(version);
  made.set(key, promise);
  return await promise;
}

async function make(version: string | undefined): Promise<Packages> {
  const directory = scratchDirectory();
  const environment = version === undefined ? {} : { CERTMEND_PACKAGE_VERSION: version };
  const line = [script, '--arch', 'amd64', '--fast', '--output', directory];
  const ended = await run(process.execPath, line, environment, 300_000);
  assert.equal(ended.status, 0, ended.stderr);
  const [deb, rpm] = ['.deb', '.rpm'].map((end) => readdirSync(directory).find((name) => name.endsWith(end)));
  assert.ok(deb !== undefined && rpm !== undefined, 'a deb and an rpm are made');
  return { deb: join(directory, deb), rpm: join(directory, rpm) };
}
