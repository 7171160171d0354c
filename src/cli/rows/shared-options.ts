import type { OptionSpec, PositionalSpec } from '../command.ts';

/* What commands take. */

export const at = {
  type: 'string',
  describe: 'evaluate the node as of TIME: RFC 3339, or relative to now: +400d, +12h',
} as const satisfies OptionSpec;
export const repairBootstrap = {
  type: 'boolean',
  describe:
    'also move damaged files of the bootstrap set to quarantine, so that the service restores them from its datastore',
} as const satisfies OptionSpec;
export const yes = { type: 'boolean', describe: 'do not ask for confirmation' } as const satisfies OptionSpec;
export const entry = {
  name: 'entry',
  describe: 'entry id as shown by `certmend check`, for example serving-kube-apiserver',
  required: true,
  many: false,
} as const satisfies PositionalSpec;
