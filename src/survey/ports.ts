import type { Relabel } from '../disk/file-writer.ts';
import type { Answers } from '../disk/recorded-reads.ts';
import type { FileReader } from '../disk/file-reader.ts';
import type { FileWriter, Storage } from '../disk/file-writer.ts';
import type { Synchronisation } from '../assess/assessment.ts';
import type { InventoryMemory } from '../inventory/inventory-memory.ts';
import type { HostFacts, LayoutHints } from '../layout/layout.ts';
import type { Audit } from '../audit/audit.ts';
import type { Door } from '../commit/door.ts';
import type { Config } from '../config/config.ts';

/** What every command needs of the outside world. composition.ts builds the real ones; nothing else does. */
export interface Ports {
  /** As given with --root; for reports only, no stage prefixes it. */
  readonly root: string;
  readonly reader: FileReader;
  readonly clock: ClockPort;
  readonly host: HostFacts;
  /** What this command has parsed so far. */
  readonly memory: InventoryMemory;
  readonly synchronisation: () => Synchronisation;
  readonly config: Config;
  readonly hints: LayoutHints;
  /** A person vouched for the clock on the command line (--believe-clock). */
  readonly operatorBelieves: boolean;
  /** A person asked for damaged files of the bootstrap set to be taken away (--repair-bootstrap). */
  readonly repairBootstrap: boolean;
  /** The right to change protected paths; a command that has it opened it itself, after `compose`. */
  readonly door?: Door | undefined;
  /** This is the daemon: it renews what runs. Absent in any other command. */
  readonly isDaemon?: boolean | undefined;
  /** The clock is not the machine's (--at): a handshake's own date check cannot be asked to agree. */
  readonly clockIsShifted: boolean;
  /** Whether a unit is active; undefined when it cannot be told (another root, no systemd). Never asked by the boot hook. */
  readonly serviceRunning: (unit: string) => boolean | undefined;
  /** The start that a unit is in; undefined when it is down, or when it cannot be told. Not for the boot hook. */
  readonly unitRun: (unit: string) => UnitRun | undefined;
  /** Asks systemd to restart a unit, and does not wait; why it could not be asked. For `restart.hung` alone. */
  readonly restartUnit: (unit: string) => string | undefined;
  /**
   * The certificates that are served on a port of this machine's loopback, leaf first, DER; undefined when nobody answers
   * or nobody may ask (another root). Takes two seconds at most. Asked only while the service runs, so never on the boot path.
   */
  readonly servedChain: (port: number) => Promise<readonly Buffer[] | undefined>;
  /** Asks a component on this machine's loopback for its health. Asked only while something is renewed under it. */
  readonly askHealth: (request: HealthRequest) => Promise<HealthAnswer>;
  /** Asks a server of the cluster to sign a certificate of the agent part, over this machine's loopback. Never on the boot path. */
  readonly askSupervisor: (request: SupervisorRequest) => Promise<SupervisorAnswer>;
  /** What this look has asked of the disk so far, and where it is kept for the next one; of the boot hook's look alone. */
  readonly look?: LookPorts | undefined;
  /** The write side is built only when something has to be written: the healthy boot path never loads it. */
  readonly writeSide: () => Promise<WriteSide>;
}

export interface LookPorts {
  /** As `Recording.answers`. */
  readonly answers: () => Answers | undefined;
  /** Puts it in place whole, and says nothing when it cannot: it only saves time. */
  readonly keep: (bytes: Buffer) => Promise<void>;
}

export interface UnitRun {
  /** Another one at each start of the unit (INVOCATION_ID of systemd.exec(5)). */
  readonly invocation: string;
  /** `starting`: the service was started and has not said that it is ready. */
  readonly state: 'up' | 'starting';
  /** Since when it is in that state, ago. */
  readonly forMs: number;
  /** Systemd started it again since the one before it had died. */
  readonly afterDeath?: boolean | undefined;
}

/** One `GET` over TLS. */
export interface HealthRequest {
  readonly port: number;
  readonly path: string;
  /** The pair that is shown, PEM. */
  readonly certificatePem: Buffer;
  readonly keyPem: Buffer;
  /** What the server's certificate must be signed by, for the name `localhost`, PEM. */
  readonly trustedPem: Buffer;
}

/**
 * `well`: 200. `ill`: any other answer, with its HTTP status, or one that is not trusted or does not come in time; `problem`
 * is a clause.
 * `absent`: nobody listens. `unasked`: it is not known, for a reason of this machine's or certmend's own.
 */
export type HealthAnswer =
  | { readonly is: 'well' | 'absent' | 'unasked' }
  | { readonly is: 'ill'; readonly problem: string; readonly status?: number | undefined };

/** One `POST` over TLS. */
export interface SupervisorRequest {
  readonly port: number;
  /** `/v1-rke2/client-kubelet.crt` */
  readonly path: string;
  /** DER. */
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  /** The client pair that is shown, PEM; undefined where the headers say who asks. */
  readonly pair?: { readonly certificatePem: Buffer; readonly keyPem: Buffer } | undefined;
  /** What the server's certificate must be signed by, for the name `localhost`, PEM. */
  readonly trustedPem: Buffer;
}

/** `absent`: nobody listens. `silent`: no answer in time, or none that is trusted; `problem` is a clause or an error code. */
export type SupervisorAnswer =
  | { readonly is: 'answered'; readonly status: number; readonly body: Buffer }
  | { readonly is: 'absent' }
  | { readonly is: 'silent'; readonly problem: string };

export interface WriteSide {
  readonly writer: FileWriter;
  readonly storage: Storage;
  readonly relabel: Relabel;
  readonly audit: Audit;
  /** Waits at most `waitMs` for the lock (P6). Throws CertmendError LockHeld. */
  readonly lock: (waitMs: number) => { release(): void };
  /** `bytes` random bytes as hexadecimal digits. */
  readonly randomHex: (bytes: number) => string;
}

export interface ClockPort {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds on a clock that never steps. */
  monotonic(): number;
  /** @param ended ends the wait early */
  sleep(ms: number, ended?: AbortSignal): Promise<void>;
}
