import { combineConfig } from '../../../src/config/combine-config.ts';
import type { FuzzTarget } from '../target.ts';

const texts = [
  'layout: rke2-server\ndataDir: /data\nboot: { enabled: true, deadline: 60s }\nretention: 3\n',
  'clock:\n  maxOfflineGap: 1095d\n  maxWait: 30s\nbrake:\n  maxCommitsPerDay: 6\naudit: { maxFileSize: 4MiB }\n',
  'renewal: &r { renewBefore: 30d, validity: 365d }\nauthority: *r\nstandby: [*r, *r]\n',
  '? !!str retention\n: |-\n  3\n"boot": >\n  folded\n...\n---\n# another\n',
];

export const target: FuzzTarget = {
  name: 'combineConfig',
  seeds: () => texts.map((text) => Buffer.from(text)),
  run: (input) => {
    const combined = combineConfig([{ path: '/config.yaml', bytes: input }]);
    if (combined.ok) return;
    if (combined.problems.length === 0) throw new Error('refused without a problem');
    for (const { message } of combined.problems)
      if (!/^[\x20-\x7e]{1,400}$/.test(message)) throw new Error(`not fit for a terminal: ${JSON.stringify(message)}`);
  },
};
