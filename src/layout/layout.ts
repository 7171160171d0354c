import type { Origin } from '../disk/origin.ts';
import type { Entry } from './entry.ts';

/** A layout resolved for one node: the table of a product and role, filled in with the node's effective configuration. */
export interface Layout {
  /** `rke2-server`, `k3s-agent`, … */
  readonly name: string;
  /** The product's own name as its messages and units use it: `rke2`. */
  readonly product: string;
  readonly role: 'server' | 'agent';
  /** `rke2-server.service` */
  readonly unit: string;
  readonly dataDir: string;
  /** Lower-cased node name, empty when it could not be found out (a tree under --root without /etc/hostname). */
  readonly nodeName: string;
  /** The product's own renewal window in days: leaves closer to their end are re-made by the product at its start (products 0.1). */
  readonly productRenewDays: number;
  /** How many days the product was told that new leaves are valid (CATTLE_NEW_SIGNED_CERT_EXPIRATION_DAYS). */
  readonly newLeafDays?: Origin<number> | undefined;
  /** Product version read from the node (`v1.33.1+rke2r1`), with where it was read; undefined when unknown. */
  readonly productVersion: Origin<string> | undefined;
  /** The kubectl that the product brings, for a shell, without options. */
  readonly kubectl: string;
  /** In table order. Commits go through the entries in this order, key before certificate. */
  readonly entries: readonly Entry[];
  /** P2. Exact node paths; a path that ends in `/` protects everything below it. Superset of the entries' own flags. */
  readonly protectedPaths: readonly string[];
  /** Directories searched for certificates that no entry names; not recursive. */
  readonly scanDirectories: readonly string[];
  /** Pairs that talk to each other over TLS and are tried before a commit (P4). */
  readonly conversations: readonly Conversation[];
  /** Where on this machine's loopback a server of the cluster is reached: for the agent part. */
  readonly supervisor?: Supervisor | undefined;
  /** Why this layout, in the order it was found out: shown by `doctor` and `-v`. */
  readonly evidence: readonly string[];
  /** Set when the product's configuration cannot be read: then the rest is what was known last, and names are wanting. */
  readonly weakened?: { readonly problem: string; readonly hint: string } | undefined;
  /** Effective settings that shaped the layout, with origins: shown by `doctor` and `why`. */
  readonly settings: readonly Setting[];
}

export interface Supervisor {
  readonly port: number;
  /** Of the API server, or of the load balancer in front of it. */
  readonly apiPort: number;
  /** Authority ids that the node checks a server with, and leaf id of the pair that it shows. */
  readonly authority: string;
  readonly client: string;
}

/** One mutual TLS conversation between two leaves of the layout. */
export interface Conversation {
  readonly server: string;
  readonly client: string;
  /** Authority ids whose file the server uses to check clients, and the client to check the server. */
  readonly serverTrusts: string;
  readonly clientTrusts: string;
  /** Name the client asks for (SNI and host check); must be among the server's SANs. */
  readonly serverName: string;
}

export interface Setting {
  readonly key: string;
  readonly value: string;
  readonly origin: string;
}

/** What is asked of layout resolution. All optional: an empty question means "find out". */
export interface LayoutHints {
  /** `rke2-server.service` or `rke2-server`: the boot hook knows it. */
  readonly unit?: string | undefined;
  /** From certmend's own configuration (`unit:`): for every command that was not told one. */
  readonly configuredUnit?: string | undefined;
  /** From certmend's own configuration (`layout:`). */
  readonly layout?: string | undefined;
  /** From certmend's own configuration (`dataDir:`), beats the product's configuration. */
  readonly dataDir?: string | undefined;
}

/** Facts about this host that no file of the product holds. Under --root they are read from the tree, never from the running host. */
export interface HostFacts {
  readonly hostname: string;
  /** /etc/machine-id, 32 hexadecimal digits; empty when there is none. */
  readonly machineId: string;
  /** Address of the interface with the default route, then the first global IPv6; empty when not known. */
  readonly defaultAddresses: readonly string[];
}

/** What an earlier run found out of this node: it stands in for a configuration that cannot be read. */
export interface LastKnown {
  /** `rke2-server` */
  readonly layout: string;
  readonly dataDir: string;
  readonly nodeName: string;
}

export type LayoutAnswer =
  | { readonly ok: true; readonly layout: Layout }
  /** No product found, or an unknown unit: `problem` is a sentence, `hint` what to do. */
  | { readonly ok: false; readonly problem: string; readonly hint: string; readonly evidence: readonly string[] };
