import assert from 'node:assert/strict';
import { join } from 'node:path';
import { runTo } from '../command.ts';
import { queryRpm, type Built } from './build.ts';

const machines = { amd64: 'Advanced Micro Devices X86-64', arm64: 'AArch64' } as const;
const rpmNames = { amd64: 'x86_64', arm64: 'aarch64' } as const;

/** The package says that it is for the machine that its runtime is for, and asks for the libraries that it needs. */
export async function assertFitsItsMachine({ format, architecture, path, tree }: Built): Promise<void> {
  const node = join(tree, 'usr/lib/certmend/node');
  const { stdout: header } = await runTo(['readelf', '--file-header', node]);
  assert.equal(/^ +Machine: +(.*)$/m.exec(header)?.[1], machines[architecture]);

  const declared = format === 'deb' ? await debFields(path) : await queryRpm(path, '%{ARCH}\n[%{REQUIRES}\n]');
  const lines = declared.split('\n');
  assert.equal(lines[0], format === 'deb' ? architecture : rpmNames[architecture]);

  const { stdout: versions } = await runTo(['readelf', '--version-info', node]);
  const glibc = newest(versions, 'GLIBC');
  assert.ok(declared.includes(format === 'deb' ? `libc6 (>= ${glibc})` : `libc.so.6(GLIBC_${glibc})(64bit)`), declared);
  // Version 7 of GCC brought this one. A symbol that is newer needs a newer library in packaging/deb.ts and rpm.ts.
  assert.ok(isNotNewer(newest(versions, 'CXXABI'), '1.3.11'));
  assert.ok(isNotNewer(newest(versions, 'GLIBCXX'), '3.4.24'));
  assert.match(declared, format === 'deb' ? /libstdc\+\+6 \(>= 7\)/ : /libstdc\+\+\.so\.6\(CXXABI_1\.3\.11\)/);
}

async function debFields(path: string): Promise<string> {
  return (await runTo(['dpkg-deb', '--show', '--showformat', '${Architecture}\n${Depends}\n', path])).stdout;
}

/** The newest version of a library's symbols that a program needs; readelf names them once more for each use. */
function newest(versions: string, library: string): string {
  const found = [...versions.matchAll(new RegExp(`\\b${library}_(\\d[\\d.]*)`, 'g'))].flatMap(([, one]) => one ?? []);
  return found.reduce((best, one) => (isNotNewer(one, best) ? best : one), '0');
}

function isNotNewer(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) <= 0;
}
