/** What a node is in its cluster. */
export type Role = 'server' | 'agent';

/**
 * All that is particular to one product. What RKE2 and K3s share, being one family, stands in the tables beside this
 * file; what differs between them is a column here, and nothing else in `src` asks which product it is.
 */
export interface ProductFacts<Name extends string = string> {
  /** As its units, directories and messages call it. */
  readonly name: Name;
  /** Unit of each role as the product's own installer names it. */
  readonly units: Readonly<Record<Role, string>>;
  /** The environment file that its own unit names last, `%N` for the unit (products 9). */
  readonly environmentFile: (unit: string) => string;
  /**
   * Its components are static pods, of which some mount a certificate as a single file: while they run, that file is
   * replaced in place (products 1.7). Otherwise everything runs in one process that sees the plain files.
   */
  readonly mountsSingleFiles: boolean;
  /** Secrets are encrypted without being asked for: `cred/encryption-config.json` is always there (products 1.5, 1.8). */
  readonly alwaysEncrypts: boolean;
  /** Where it serves, from its settings (products 1.8, 9). */
  readonly ports: (setting: (key: string, usual: number) => number) => ProductPorts;
  /** kubectl as it brings it, before any option; for a shell. */
  readonly kubectl: (dataDir: string) => string;
}

export interface ProductPorts {
  /** The API server's own. */
  readonly apiServer: number;
  /** Where clients of the API come in. */
  readonly publicApi: number;
  /** Where nodes register and fetch their certificates. */
  readonly supervisor: number;
  /** The load balancer of a node without an API server of its own. */
  readonly balancer: number;
  /** The load balancer of an agent in front of the servers' supervisors. */
  readonly supervisorBalancer: number;
}
