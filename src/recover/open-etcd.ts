import { onDisk } from '../disk/disk-error.ts';
import { refused } from './refusal.ts';
import type { Store } from './store.ts';
import { valueInCopy, valuesOfMember } from './etcd-store.ts';
import { copyLarge, copyName, requireRoom, withFile, type DiskPorts, type Workplace } from './work-files.ts';

export function etcdPlace(dataDir: string): Workplace {
  const directory = `${dataDir}/server/db/etcd`;
  return { directory: `${directory}/certmend-recovery`, database: `${directory}/member/snap/db` };
}

/**
 * The embedded etcd's member of this node. Its file is locked as etcd locks it, until `close`.
 *
 * @throws CertmendError RecoveryRefused
 */
export function openEtcd(ports: DiskPorts, dataDir: string): Store {
  const place = etcdPlace(dataDir);
  const { database } = place;
  const file = onDisk('read', database, () => ports.files.open(database));
  try {
    // Looked up first: our own lock would be among them.
    if (ports.files.lockHolder(database) !== undefined || !file.lock())
      throw refused(`${database} is in use: etcd still runs`, stopEtcd);
    const found = valuesOfMember(ports, `${dataDir}/server/db/etcd/member`, file);
    const placeOf = (key: string) => found.find((value) => value.key === key);
    return {
      kind: 'etcd',
      place,
      roomNeeded: file.size,
      isLengthFixed: true,
      found,
      writes: (key, value) => [
        {
          path: database,
          what: `the value of ${key}, in the place of the old one`,
          offset: placeOf(key)?.offset,
          length: value.length,
        },
      ],
      makeCopy: (key, { value }) => {
        const old = placeOf(key);
        if (old?.value.length !== value.length) throw refused('the new value is not as long as the old one');
        requireRoom(ports, place, file.size);
        const path = `${place.directory}/${copyName}`;
        const digests = copyLarge(ports, file, path, { offset: old.offset, bytes: value });
        return {
          originalSha256: digests.original,
          newSha256: digests.copy,
          value: withFile(ports.files, path, (copy) => valueInCopy(path, copy, key)),
        };
      },
      close: () => {
        file.close();
      },
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

const stopEtcd =
  'stop the product and what it left running (rke2-killall.sh or k3s-killall.sh end the pods too), then run the command again';
