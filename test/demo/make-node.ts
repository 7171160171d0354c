import { day, hour, type TreePlan } from '../fixtures/tree.ts';
import { writeTree } from '../fixtures/write-tree.ts';
import { cryptoSignatures } from './crypto-signatures.ts';

export const unit = 'rke2-server';
export const dataDir = '/var/lib/rancher/rke2';

/**
 * An RKE2 server that was switched off 400 days ago: every leaf ended 35 days before `now`, the authorities have years
 * left. The same shape as the test fixtures, made without openssl and without root.
 *
 * @param root directory that does not exist yet; becomes `--root`
 * @param now milliseconds since the epoch
 */
export function makeExpiredNode(root: string, now: number): void {
  const leaf = { notBefore: now - 400 * day, notAfter: now - 35 * day };
  const authority = { notBefore: leaf.notBefore - hour, notAfter: leaf.notBefore - hour + 3650 * day };
  const plan: TreePlan = {
    product: 'rke2',
    role: 'server',
    dataDir,
    nodeName: 'edge-7',
    nodeIp: '10.0.0.17',
    tlsSans: ['rke2.example.com', '192.0.2.10'],
    algorithm: 'ec',
    chain: 'single',
    serviceKeys: 1,
    now,
    leaf,
    exceptions: {},
    authority,
    cluster: undefined,
  };
  writeTree(root, plan, cryptoSignatures);
}
