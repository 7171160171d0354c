import { createRequire } from 'node:module';

type Yaml = typeof import('yaml');

declare const CERTMEND_BUNDLED: boolean;

/**
 * Loads the YAML library at the first call and not before: a static import costs the boot path 12 ms, and a dynamic
 * one would make layout resolution asynchronous for the one node in a hundred that needs it.
 */
export function loadYaml(): Yaml {
  return typeof CERTMEND_BUNDLED === 'undefined'
    ? (createRequire(import.meta.url)('yaml') as Yaml)
    : // eslint-disable-next-line @typescript-eslint/no-require-imports -- the only synchronous load a bundler can see
      (require('yaml') as Yaml);
}
