import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { packages, previousVersion } from '../packages.ts';
import { programs, type Program, type Scenario } from '../scenario.ts';
import { inScratch } from '../scratch.ts';
import { daemonSurvives } from './daemon.ts';
import { debLife, rpmLife } from './package-life.ts';
import { hookNeverBlocks } from './hook.ts';
import { SystemdNode } from './node.ts';
import { mindsWhatRuns } from './running.ts';

const needs: readonly Program[] = [
  programs.cp,
  programs.openssl,
  { command: 'mmdebstrap', debianPackage: 'mmdebstrap' },
  { command: 'mkfs.ext4', debianPackage: 'e2fsprogs' },
  { command: 'rpmbuild', debianPackage: 'rpm' },
  { command: 'unshare', debianPackage: 'util-linux' },
];

/** certmend's packages on a real systemd that runs in namespaces, beside a stand-in for RKE2 made of real consumers. */
export const systemdScenarios: readonly Scenario[] = [
  {
    name: 'the deb on a real systemd: installed, upgraded, removed and purged, and the node served all the time',
    needs,
    isHeavy: false,
    run: async () => await onNode('fresh', debLife),
  },
  {
    name: 'the rpm on a real systemd: installed, upgraded and removed by rpm itself, and the node served all the time',
    needs,
    isHeavy: false,
    run: async () => await onNode('fresh', rpmLife),
  },
  {
    name: 'the daemon on a real systemd: stopped, killed and rebooted, and back each time',
    needs,
    isHeavy: false,
    run: async () => await onNode('fresh', daemonSurvives),
  },
  {
    name: 'the daemon on a real systemd: heals a start that hangs, and renews a service that runs',
    needs,
    isHeavy: false,
    run: async () => await onNode('fresh', mindsWhatRuns),
  },
  {
    name: 'the boot hook on a real systemd: heals at a start, runs at each, and never blocks one',
    needs,
    isHeavy: false,
    run: async () => await onNode('expired', hookNeverBlocks),
  },
];

/** Boots a node that has the packages of this and of the previous version in /srv. */
async function onNode(leaf: 'fresh' | 'expired', work: (node: SystemdNode) => Promise<string>): Promise<string> {
  return await inScratch(async (scratch) => {
    const node = new SystemdNode(scratch, { leaf });
    const now = await packages();
    const before = await packages(previousVersion);
    for (const kind of ['deb', 'rpm'] as const) {
      cpSync(now[kind], join(node.upper, `srv/new.${kind}`));
      cpSync(before[kind], join(node.upper, `srv/old.${kind}`));
    }
    try {
      await node.boot();
      return await work(node);
    } finally {
      await node.end();
    }
  });
}
