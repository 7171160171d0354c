import { ownPaths } from '../disk/own-paths.ts';
import type { Told } from '../cluster/tell-cluster.ts';
import { CertmendError } from '../error.ts';
import type { Ports } from '../survey/ports.ts';
import type { ClusterTold } from './metrics.ts';
import { instantOf } from '../time/rfc3339.ts';
import { record } from './record.ts';
import type { Check } from './reconcile.ts';
import { shareOf } from './schedule.ts';

type Checked = Check & { readonly kind: 'checked' };

/**
 * Tells the cluster, beside the checks: no check waits for an API server. Nothing of it is loaded while
 * `cluster.report` is off.
 */
export interface ClusterTeller {
  /** A check has found this: what is new of it is told soon. */
  readonly see: (ports: Ports, result: Checked) => void;
  /** When `turn` is to be called, in milliseconds; undefined for never. */
  readonly nextMs: () => number | undefined;
  /** Begins a report that is due, or says of one what came of it. */
  readonly turn: () => Promise<void>;
  /** For the status line: what a person has to do, so that the cluster can be told. An API server that is away is none of it. */
  readonly remark: () => string | undefined;
  /** For the metrics; undefined while nothing is to be told, or nothing is known of it yet. */
  readonly told: () => ClusterTold | undefined;
  /** Waits for the end of a report that was stopped. */
  readonly end: () => Promise<void>;
}

const withdrawn = 'cluster.report is off: what the cluster was told of this node was taken back';
/** A report takes a second at most; so often it is looked for its end. */
const pollMs = 2000;
/** So far apart nodes that start together tell a cluster. */
const spreadMs = 30_000;

interface Running {
  readonly ports: Ports;
  ended: { readonly told: Told | undefined } | { readonly error: unknown } | undefined;
  readonly done: Promise<void>;
}

/** @param stopping aborts when the daemon is told to stop */
export function createClusterTeller(stopping: AbortSignal): ClusterTeller {
  let seen: { readonly ports: Ports; readonly result: Checked } | undefined;
  let running: Running | undefined;
  let remark: string | undefined;
  /** On the clock that never steps, milliseconds; undefined for never. */
  let due: number | undefined;
  let isWhole = false;
  let told: ClusterTold | undefined;

  const begin = ({ ports, result }: NonNullable<typeof seen>): Running => {
    const level = ports.config.cluster.report;
    const whole = isWhole;
    isWhole = false;
    const work = async (): Promise<Told | undefined> => {
      const { tellCluster } = await import('../cluster/tell-cluster.ts');
      return tellCluster(ports, result, { level, isWhole: whole, stopping });
    };
    const run: Running = {
      ports,
      ended: undefined,
      done: work().then(
        (told) => {
          run.ended = { told };
        },
        (error: unknown) => {
          run.ended = { error };
        },
      ),
    };
    return run;
  };

  const collect = async (ports: Ports, ended: NonNullable<Running['ended']>): Promise<void> => {
    const outcome = outcomeOf(ended);
    if (outcome === undefined) return;
    const { memory, news, againMs } = outcome;
    if (memory === null) {
      seen = undefined;
      told = undefined;
      await record(ports, { event: 'cluster-told', priority: 'info', message: withdrawn });
      return;
    }
    const { failed } = memory;
    told = { at: instantOf(memory.toldAt), isFailing: failed !== null };
    remark = failed === null || failed.code === 'ClusterUnreachable' ? undefined : failed.message;
    if (againMs !== undefined) {
      const again = ports.clock.monotonic() + againMs * (0.9 + 0.2 * shareOf(ports.host.machineId));
      // A check may have found something new meanwhile.
      due = Math.min(due ?? again, again);
    }
    if (news === 'failed' && failed !== null) {
      const { code: reason, message, hint } = failed;
      await record(ports, { event: 'cluster-not-told', priority: 'notice', reason, message, hint: hint ?? undefined });
    }
    if (news === 'told') {
      const message = `the cluster knows the certificates of ${memory.nodeName} (cluster.report: ${memory.level})`;
      await record(ports, { event: 'cluster-told', priority: 'info', message });
    }
  };

  return {
    see: (ports, result) => {
      const isFirst = seen === undefined;
      // Whoever has the configuration read again wants to see what comes of it, now.
      const isReloaded = seen !== undefined && seen.ports.config !== ports.config;
      // What was told while it was on is taken back.
      const isOn =
        ports.config.cluster.report !== 'off' || ports.reader.stat(`${ownPaths.cluster}/told.json`).state !== 'absent';
      seen = isOn ? { ports, result } : undefined;
      if (!isOn) {
        due = undefined;
        remark = undefined;
        return;
      }
      const now = ports.clock.monotonic();
      // While it fails the next attempt has its time, whatever is found.
      if (isFirst) due = now + spreadMs * shareOf(ports.host.machineId);
      else if (isReloaded || remark === undefined) due = now;
      isWhole ||= isReloaded;
    },
    nextMs: () => {
      if (running !== undefined) return pollMs;
      if (seen === undefined || due === undefined) return undefined;
      return Math.max(0, due - seen.ports.clock.monotonic());
    },
    turn: async () => {
      if (running?.ended !== undefined) {
        const { ended, ports } = running;
        running = undefined;
        await collect(ports, ended);
        return;
      }
      if (running !== undefined || seen === undefined || due === undefined) return;
      if (due > seen.ports.clock.monotonic()) return;
      due = undefined;
      running = begin(seen);
    },
    remark: () => remark,
    told: () => told,
    end: async () => {
      await running?.done;
    },
  };
}

/** That a file of certmend's own cannot be written is told by the check. */
function outcomeOf(ended: NonNullable<Running['ended']>): Told | undefined {
  if ('told' in ended) return ended.told;
  if (ended.error instanceof CertmendError) return undefined;
  throw ended.error;
}
