import { createRequire } from 'node:module';

type Yaml = typeof import('yaml');

/**
 * Loads the YAML library at the first call and not before: a static import costs the boot path 12 ms, and a dynamic
 * one would make layout resolution asynchronous for the one node in a hundred that needs it.
 */
export function loadYaml(): Yaml {
  // In the bundle `require` exists and the bundler resolves this very call; under plain ESM it does not exist.
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- the only synchronous load a bundler can see
  if (typeof require === 'function') return require('yaml') as Yaml;
  return createRequire(import.meta.url)('yaml') as Yaml;
}
