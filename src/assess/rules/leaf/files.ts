import { mayWrite } from '../../../layout/written-files.ts';
import type { FileState } from '../../../disk/file-reader.ts';
import { fileFault } from '../../file-fault.ts';
import { isKeyOf } from '../../leaf-checks.ts';
import { pairMountInTheWay } from '../../mounts.ts';
import { pairFault, type LeafSubject } from './subject.ts';
import { holdsPrivateKey, modesOf, permissionsFault, type GuardedFile } from '../permissions.ts';
import type { Rule } from '../rule.ts';

/** Is the certificate there, and is it one? */
export const certificateFileRule: Rule<LeafSubject> = {
  name: 'certificate-file',
  asks: 'is the certificate there, and can it be read?',
  inputs: ({ item }) => ({
    path: item.entry.certificatePath,
    state: item.certificateFile.state,
    ...(item.certificates.ok ? { certificates: String(item.certificates.value.length) } : {}),
  }),
  judge(subject) {
    const { entry, certificateFile, certificates } = subject.item;
    const path = entry.certificatePath;
    if (certificateFile.state === 'absent') {
      // The product makes what is optional or re-issued at its start; neither is missed here.
      if (entry.optional || entry.reissuedAtStart) return 'skipped';
      const { context } = subject;
      if (!context.initialised) {
        return {
          code: 'LeafMissing',
          // Before the first start nothing is missed; on a node that has run it was well only before they were taken away.
          severity: context.serviceRunning === true || context.traces.length > 0 ? 'warning' : 'note',
          message: `${path} is not there, and neither is any other leaf: ${context.layout.product} creates them when ${context.layout.unit} starts`,
          answer: 'none',
        };
      }
      const message = `${path} is missing while other certificates of this node are there`;
      return pairFault(subject, 'repair', { code: 'LeafMissing', severity: 'critical', message });
    }
    const fault =
      fileFault(path, certificateFile, certificates, 'a certificate') ??
      (subject.leaf === undefined
        ? { clause: `${path} holds no certificate`, replaceable: true, remedy: undefined }
        : undefined);
    if (fault === undefined) return 'passed';
    const message = fault.remedy === undefined ? fault.clause : `${fault.clause}; ${fault.remedy}`;
    if (entry.reissuedAtStart && !entry.protected && isInTheWay(certificateFile)) {
      // The product writes into what is there: it fails on a directory, and waits for a FIFO's reader for ever (products 1.6).
      const refuses = `${message}; ${subject.context.layout.product} could not write its new one there`;
      return { code: 'LeafUnreadable', severity: 'critical', message: refuses, answer: 'quarantine' };
    }
    return pairFault(subject, 'repair', { code: 'LeafUnreadable', severity: 'critical', message });
  },
};

function isInTheWay(file: FileState): boolean {
  return file.state === 'unreadable' && (file.problem === 'directory' || file.problem === 'special-file');
}

/** Is the private key there, and is it one? */
export const keyFileRule: Rule<LeafSubject> = {
  name: 'key-file',
  asks: 'is the private key there, and can it be read?',
  inputs: ({ item }) => ({
    path: item.entry.keyPath,
    state: item.keyFile.state,
    ...(item.key.ok ? { algorithm: item.key.value.algorithm, form: item.key.value.form } : {}),
  }),
  judge(subject) {
    const { entry, certificateFile, keyFile, key } = subject.item;
    const path = entry.keyPath;
    if (keyFile.state === 'absent') {
      // A lost pair is one finding, LeafMissing; the product makes the key of what it re-issues.
      if (certificateFile.state === 'absent' || entry.reissuedAtStart) return 'skipped';
      const message = `${path} is missing while its certificate is there`;
      return pairFault(subject, 'repair', { code: 'KeyMissing', severity: 'critical', message, path });
    }
    const fault = fileFault(path, keyFile, key, 'a private key');
    if (fault === undefined) return 'passed';
    const message = fault.remedy === undefined ? fault.clause : `${fault.clause}; ${fault.remedy}`;
    const productReads = entry.reissuedAtStart || (entry.optional && certificateFile.state === 'absent');
    if (productReads && !entry.protected) {
      // The product loads an existing key before it issues, and refuses to start when it cannot (products 2.1, 10.1).
      const refuses = `${message}; ${subject.context.layout.product} would refuse to start`;
      const answer = fault.replaceable ? 'quarantine' : 'operator';
      return { code: 'KeyUnreadable', severity: 'critical', message: refuses, path, answer };
    }
    return pairFault(subject, 'repair', { code: 'KeyUnreadable', severity: 'critical', message, path });
  },
};

/** Does the key belong to the certificate? */
export const keyMatchRule: Rule<LeafSubject> = {
  name: 'key-match',
  asks: 'does the key match the certificate?',
  inputs: ({ item, key }) => ({
    certificate: item.entry.certificatePath,
    key: item.entry.keyPath,
    ...(key === undefined ? {} : { algorithm: key.algorithm }),
  }),
  judge(subject) {
    const { item, leaf, key } = subject;
    if (leaf === undefined || key === undefined) return 'skipped';
    if (isKeyOf(leaf, key)) return 'passed';
    const message = `${item.entry.keyPath} is not the key of ${item.entry.certificatePath}`;
    return pairFault(subject, 'repair', {
      code: 'KeyMismatch',
      severity: 'critical',
      message,
      path: item.entry.keyPath,
    });
  },
};

/** Are key and certificate only in the hands that they should be in? */
export const leafPermissionsRule: Rule<LeafSubject> = {
  name: 'permissions',
  asks: 'can only the owner read the key and change the certificate?',
  inputs: (subject) => modesOf(guardedFiles(subject)),
  judge(subject) {
    const { entry } = subject.item;
    return permissionsFault(guardedFiles(subject), mayWrite(entry)) ?? 'passed';
  },
};

function guardedFiles({ item }: LeafSubject): readonly GuardedFile[] {
  return [
    { path: item.entry.keyPath, file: item.keyFile, secret: true, mode: item.entry.keyMode },
    holdsPrivateKey(item.certificateFile)
      ? { path: item.entry.certificatePath, file: item.certificateFile, secret: true }
      : {
          path: item.entry.certificatePath,
          file: item.certificateFile,
          secret: false,
          mode: item.entry.certificateMode,
        },
  ];
}

/** Could a new pair be put there on the day it is needed? Told before that day. */
export const mountRule: Rule<LeafSubject> = {
  name: 'mount',
  asks: 'can its files be replaced where they lie?',
  inputs: ({ item: { entry }, context: { mounted } }) => ({
    certificate: mounted?.get(entry.certificatePath) ?? 'not mounted',
    key: mounted?.get(entry.keyPath) ?? 'not mounted',
  }),
  judge({ item, context }) {
    const message = mayWrite(item.entry) ? pairMountInTheWay(item, context.mounted) : undefined;
    return message === undefined
      ? 'passed'
      : { code: 'MountInTheWay', severity: 'warning', message, answer: 'operator' };
  },
};
