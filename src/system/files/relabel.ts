import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Relabel } from '../../disk/file-writer.ts';

/** Long enough for a slow disk at boot, short enough for the boot hook's deadline. */
const timeoutMs = 10_000;

/**
 * Gives files the SELinux label that the policy has for their path (`rke2_tls_t` under server/tls, products 1.1), with
 * restorecon. Only on the running system (a tree under another root is labelled when it is booted) and only where
 * SELinux is on. A file made in its own directory mostly has the right label already, so a failure is worth a
 * sentence, not a rollback.
 */
export function createRelabel(root: string): Relabel {
  const enabled = resolve(root) === '/' && existsSync('/sys/fs/selinux/enforce');
  return (paths) => {
    if (!enabled || paths.length === 0) return undefined;
    const result = spawnSync('restorecon', ['--', ...paths], { encoding: 'utf8', timeout: timeoutMs });
    if (result.error !== undefined) {
      return 'code' in result.error && result.error.code === 'ENOENT'
        ? undefined
        : `restorecon did not run: ${result.error.message}`;
    }
    return result.status === 0 ? undefined : `restorecon failed: ${result.stderr.trim()}`;
  };
}
