/** Something certmend must be able to do among programs that nobody here wrote. */
export interface Scenario {
  /** A sentence that begins with the unit. */
  readonly name: string;
  readonly needs: readonly Program[];
  /** Uses all processors by itself: such scenarios run one after the other, the others beside them. */
  readonly isHeavy: boolean;
  /** A heavy one that has work for half of the processors only: two of them run at a time. */
  readonly takesHalf?: boolean;
  /** Run only when words choose it: what it builds first takes longer than all others together. Left out, it is named. */
  readonly isOnRequest?: boolean;
  /**
   * Begun in the background when the run begins: what takes long and has time until then. When it fails, `run` fails for
   * the same reason and says it.
   */
  readonly prepare?: () => Promise<unknown>;
  /** Throws (node:assert) when it does not hold; the text it returns says what was covered. */
  readonly run: () => Promise<string>;
}

/** This machine cannot run it, for what lies outside of it: said aloud and not counted, neither as passed nor as failed. */
export class NotRunHere extends Error {}

/** A foreign program and the Debian package that brings it. */
export interface Program {
  readonly command: string;
  readonly debianPackage: string;
}

export const programs = {
  chromium: { command: 'chromium', debianPackage: 'chromium' },
  /** The static one: it is the only program of a container. */
  busybox: { command: 'busybox', debianPackage: 'busybox-static' },
  containerd: { command: 'containerd', debianPackage: 'containerd' },
  age: { command: 'age', debianPackage: 'age' },
  cp: { command: 'cp', debianPackage: 'coreutils' },
  etcd: { command: 'etcd', debianPackage: 'etcd-server' },
  etcdctl: { command: 'etcdctl', debianPackage: 'etcd-client' },
  go: { command: 'go', debianPackage: 'golang-go' },
  ip: { command: 'ip', debianPackage: 'iproute2' },
  nsenter: { command: 'nsenter', debianPackage: 'util-linux' },
  flock: { command: 'flock', debianPackage: 'util-linux' },
  runc: { command: 'runc', debianPackage: 'runc' },
  openssl: { command: 'openssl', debianPackage: 'openssl' },
  promtool: { command: 'promtool', debianPackage: 'prometheus' },
  strace: { command: 'strace', debianPackage: 'strace' },
} as const satisfies Record<string, Program>;
