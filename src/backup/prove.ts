import { CertmendError, exitStatus } from '../error.ts';
import { emptyMemory } from '../inventory/inventory-memory.ts';
import type { Layout } from '../layout/layout.ts';
import { resolveLayout } from '../layout/resolve-layout.ts';
import { reasons, type SaidReason } from '../reason.ts';
import type { Ports } from '../survey/ports.ts';
import { survey } from '../survey/survey.ts';
import { archiveTree } from './archive-tree.ts';
import type { RegularFile } from './contents.ts';
import type { BackupManifest } from './manifest.ts';

/** What a backup holds, judged as if it were the node. */
export interface Proven {
  readonly layout: Layout;
  /** Keys that do not fit, chains that do not hold, what cannot be parsed. Expired is none: it was when it was backed up. */
  readonly faults: readonly SaidReason[];
  /** Certificates with keys that were compared. */
  readonly pairs: number;
}

/** The node of a backup: its layout is found out from its own files, and asks nothing of this machine. */
export async function proveTree(
  ports: Ports,
  manifest: BackupManifest,
  files: ReadonlyMap<string, RegularFile>,
): Promise<Proven> {
  const there = portsOf(ports, manifest, files);
  const { layout } = there;
  const { assessment, inventory } = await survey(there.ports, layout);
  const faults = assessment.findings
    .filter(({ code }) => isFault(code))
    .map(({ code, id, message }): SaidReason => ({ code, id, message }));
  const pairs = inventory.items.filter(
    (item) => (item.kind === 'leaf' || item.kind === 'authority') && item.key?.ok === true && item.certificates.ok,
  );
  return { layout, faults, pairs: pairs.length };
}

/** @throws CertmendError BackupUnreadable (77) */
function portsOf(
  ports: Ports,
  manifest: BackupManifest,
  files: ReadonlyMap<string, RegularFile>,
): { readonly ports: Ports; readonly layout: Layout } {
  const { node, layout: name, dataDir, unit } = manifest;
  const reader = archiveTree(files);
  const hints = { configuredUnit: unit, layout: name, dataDir };
  const host = { hostname: node.nodeName, machineId: node.machineId, defaultAddresses: [] };
  const answer = resolveLayout(hints, reader, host);
  if (!answer.ok) {
    throw new CertmendError('BackupUnreadable', `the backup cannot be understood: ${answer.problem}`, {
      exit: exitStatus.refused,
      hint: answer.hint,
    });
  }
  return {
    layout: answer.layout,
    ports: {
      ...ports,
      reader,
      host,
      hints,
      memory: emptyMemory(),
      serviceRunning: () => undefined,
      unitRun: () => undefined,
      servedChain: () => Promise.resolve(undefined),
    },
  };
}

function isFault(code: SaidReason['code']): boolean {
  const { about, nature } = reasons[code];
  const isOfNode = ['leaf', 'authority', 'bootstrap', 'listener', 'kubeconfig'].includes(about);
  const isMissed = nature === 'missing' && (about === 'authority' || about === 'bootstrap');
  return isOfNode && (nature === 'damage' || isMissed || code === 'AuthorityKeyMissing' || code === 'ChainIncomplete');
}
