/** Counts of one kind of client. A failure is a request without the answer that it should have had. */
export interface Stream {
  asked: number;
  failed: number;
  /** The first ones: seconds since the beginning, and why. */
  readonly failures: string[];
}

/**
 * `freshFiles`, `freshEmbedded`: a connection of its own for each GET of /livez or /version on 6443, ten a second each,
 * with client-admin read from its files before each of them, as kubectl does, or as embedded in rke2.yaml at the
 * beginning. `keepAlive`: GET /version four times a second on one connection. `writes`: a ConfigMap is changed once a
 * second. `etcdFresh`: a linearizable read over gRPC on 2379, four times a second on a connection of its own each.
 * `etcdHealth`: GET /health on 2382, once a second, likewise. `etcdKept`: the read of `etcdFresh` on one connection.
 */
export const streamNames = [
  'freshFiles',
  'freshEmbedded',
  'keepAlive',
  'writes',
  'etcdFresh',
  'etcdHealth',
  'etcdKept',
] as const;
export type StreamName = (typeof streamNames)[number];

/** What a load saw from its beginning to its end. */
export interface LoadReport {
  readonly seconds: number;
  readonly streams: Readonly<Record<StreamName, Stream>>;
  /** Connections that the two streams on one connection needed beyond their first. */
  readonly reconnects: { keepAlive: number; etcdKept: number };
  /** The watch of the ConfigMap: events, those of `writes` that it has missed, and how often it ended before its time. */
  readonly watch: { events: number; missed: number; breaks: number };
  /** Of the leases kube-controller-manager and kube-scheduler. */
  readonly leaders: { readonly changes: string[]; readonly holders: Record<string, string> };
  /** The leaves that were served on each port, in order, with the second of their first sight. */
  readonly served: Record<string, { readonly fingerprint: string; readonly second: number }[]>;
}
