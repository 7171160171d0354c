import { mkdirSync, writeFileSync } from 'node:fs';
import * as onNode from '../fixtures/damage-node.ts';
import * as onPair from '../fixtures/damage-pair.ts';
import * as onFile from '../fixtures/damage.ts';
import type { Tree } from '../fixtures/tree.ts';

interface Damage {
  readonly by: unknown;
  readonly make: (tree: Tree, id: string) => void;
}

/** Where an entry that is no pair of certificate and key lies. */
function placeOf(tree: Tree, id: string): string {
  if (id === 'dynamic-cert') return `${tree.dataDir}/server/tls/dynamic-cert.json`;
  return `${tree.dataDir}/server/${id.startsWith('cred/') ? '' : 'tls/'}${id}`;
}

const toPair = (by: onPair.PairDamage): Damage => ({ by, make: by });
const toNode = (by: (tree: Tree) => unknown): Damage => ({ by, make: by });
const toPlace = (by: onFile.FileDamage): Damage => ({
  by,
  make: (tree, id) => {
    by(tree, placeOf(tree, id));
  },
});
const toFile = (part: 'certificatePath' | 'keyPath', by: onFile.FileDamage): Damage => ({
  by,
  make: (tree, id) => {
    by(tree, tree.leaf(id)[part]);
  },
});

function named<T>(
  records: Readonly<Record<string, T>>,
  to: (by: T) => Damage,
  prefix = '',
): Readonly<Record<string, Damage>> {
  return Object.fromEntries(Object.entries(records).map(([name, by]) => [`${prefix}${name}`, to(by)]));
}

/** What stands in the column `how` of damage-table.ts, and the function of the fixtures that does it. */
export const damages: Readonly<Record<string, Damage>> = {
  ...named(onPair.pairDamages, toPair),
  'a name less': toPair(onPair.missingSan),
  "each the other's key": {
    by: onPair.swapKeys,
    make: (tree, ids) => {
      const [first = '', second = ''] = ids.split(' ');
      onPair.swapKeys(tree, first, second);
    },
  },
  ...named(onFile.unreadableKinds, (by) => toFile('certificatePath', by), 'certificate: '),
  ...named(onFile.unreadableKinds, (by) => toFile('keyPath', by), 'key: '),
  'certificate: a link out of the data directory': toFile('certificatePath', onFile.linkLeavingDataDir),
  'key: a link out of the data directory': toFile('keyPath', onFile.linkLeavingDataDir),
  'key: open to everybody': toFile('keyPath', onFile.weakPermissions),
  'a directory': toPlace(onFile.directoryInPlace),
  'a FIFO': toPlace(onFile.fifoInPlace),
  missing: toPlace(onNode.missingKubeconfig),
  'no YAML': toPlace(onNode.corruptKubeconfig),
  'files of another node': toPlace(onNode.staleKubeconfig),
  'a legacy key that is garbage': toNode(onNode.legacyKeyGarbage),
  "an agent's key that is garbage": toNode(onNode.agentKeyGarbage),
  ...named(onNode.listenerDamages, toNode),
  'no listener document': toNode(onNode.missingListener),
  'an authority that has ended': toPair(onNode.expiredAuthority),
  'an authority near its end': toPair(onNode.authorityNearEnd),
  'an authority that is not yet valid': {
    by: onNode.notYetValidAuthority,
    make: (tree, id) => {
      onNode.notYetValidAuthority(tree, id);
      // The hook would wait a minute for the clock.
      mkdirSync(tree.host('/etc/certmend'), { recursive: true });
      writeFileSync(tree.host('/etc/certmend/config.yaml'), 'clock: { maxWait: 0s }\n');
    },
  },
  'an authority without its key': toPair(onNode.authorityWithoutKey),
  'no authority': toPair(onNode.authorityMissing),
  'a truncated authority': toPair(onNode.truncatedAuthority),
  'an authority with a truncated key': toPair(onNode.truncatedAuthorityKey),
  'an authority with another key': toPair(onNode.mismatchedAuthorityKey),
  'another authority in its place': toPair(onNode.replacedAuthority),
  'a truncated file of the bootstrap set': toPlace(onFile.truncateFile),
  'no file of the bootstrap set': toPlace(onFile.removeFile),
};

/** The functions of the fixtures that damage something and stand behind no name. */
export function unnamedDamages(): readonly string[] {
  const known = new Set(Object.values(damages).map(({ by }) => by));
  return [onFile, onPair, onNode].flatMap((fixtures) =>
    Object.entries(fixtures).flatMap(([name, by]) => (typeof by !== 'function' || known.has(by) ? [] : [name])),
  );
}
