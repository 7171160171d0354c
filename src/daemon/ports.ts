import type { Ports } from '../survey/ports.ts';

/** What the daemon needs of the outside besides what every command needs. composition.ts builds the real ones. */
export interface DaemonPorts {
  /**
   * Reads certmend's configuration anew and builds what the road needs from it.
   * @throws CertmendError ConfigInvalid (exit 78); what the last reading gave is still good then
   */
  readonly load: () => Promise<Loaded>;
  readonly notifier: Notifier;
  readonly waker: Waker;
  /**
   * Called when a check is done and a long rest begins: gives back memory. Certificates and TLS sessions live outside
   * of the heap that the runtime watches, so by itself it would collect them only when hundreds of megabytes are held.
   */
  readonly rest: () => void;
  /** Lets go of what the last configuration opened. */
  readonly close: () => Promise<void>;
}

/** What hangs on one reading of the configuration. */
export interface Loaded {
  /** For one check: host name and addresses as they are now, the rest as it was loaded. */
  readonly look: () => Ports;
  /**
   * Shows the figures of a check: a file for node_exporter, a loopback server, as configured.
   * @throws CertmendError Storage… when the file cannot be written
   */
  readonly publish: (snapshot: Snapshot) => void;
  /**
   * Makes a backup in a process of its own, which is killed when it takes too long; returns why it failed, or undefined.
   * What hangs on a disk that hangs is that process. Undefined where no backups are configured.
   */
  readonly backUp?: ((signal: AbortSignal) => Promise<string | undefined>) | undefined;
  /**
   * Runs `notify.exec` with a document on its standard input; returns why it failed, or undefined.
   * Undefined altogether when none is configured. Ends early when `signal` aborts.
   */
  readonly announce: ((document: string, signal: AbortSignal) => Promise<string | undefined>) | undefined;
  /** Remembers for the boot hook of the unit what its look would rest on, if it would find nothing to do. */
  readonly rememberLook?: ((unit: string) => Promise<void>) | undefined;
}

/** systemd's notification protocol (sd_notify(3)). Every call is best effort: a lost message must not stop a check. */
export interface Notifier {
  /** Half of the time after which systemd restarts a silent daemon, milliseconds; undefined without a watchdog. */
  readonly watchdogEveryMs: number | undefined;
  /** The first check is done, or a reload is. */
  ready(status: string): Promise<void>;
  status(line: string): Promise<void>;
  /** The loop goes on. Also repeats READY: a message from a child that ends at once can be lost on systemd before 246. */
  alive(): Promise<void>;
  reloading(): Promise<void>;
  stopping(): Promise<void>;
}

/** `saved`: another certmend, or this one, has saved the state. */
export type Wake = 'elapsed' | 'changed' | 'saved' | 'reload' | 'stop';

/** Interruptible waiting. What happens while nobody waits is kept for the next wait. */
export interface Waker {
  /** Waits at most `ms` milliseconds, an hour at most; the most urgent cause wins: stop, reload, saved, changed. */
  wait(ms: number): Promise<Wake>;
  /** Aborts when the daemon is told to stop. */
  readonly stopping: AbortSignal;
  /**
   * Hints of changed files in these directories from now on (inotify), and of the state file always. Directories that do
   * not exist are left out.
   */
  watch(directories: readonly string[]): void;
  close(): void;
}

export interface Snapshot {
  /** Prometheus text exposition format, version 0.0.4. */
  readonly metrics: string;
  /** JSON of `/healthz`. */
  readonly health: string;
  /** False makes `/healthz` answer 503. */
  readonly healthy: boolean;
}
