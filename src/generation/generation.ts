import type { MaterialFile } from '../issue/material.ts';

/**
 * The largest number a generation may have: one commit a second for three hundred years. A directory by a larger one is
 * none of certmend's, and must not be what the next number is counted from: arithmetic ends at 2^53.
 */
export const highestGeneration = 9_999_999_999;

/** How the material of a generation came to be. `adopted`: it is what was live, kept so that it can come back. */
export type GenerationOrigin = 'issued' | 'repaired' | 'adopted';

/** `manifest.json` of a generation: what it holds, where it belongs, to which node it is bound. No key material. */
export interface Manifest {
  readonly schema: 1;
  readonly number: number;
  readonly origin: GenerationOrigin;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  readonly certmend: string;
  readonly binding: Binding;
  /** Over its leaves: latest notBefore and earliest effective notAfter, RFC 3339. */
  readonly notBefore: string;
  readonly notAfter: string;
  readonly files: readonly ManifestFile[];
}

/** A generation never lives on a node that could not have made it (architecture, Standby). */
export interface Binding {
  readonly machineId: string;
  readonly nodeName: string;
  readonly layout: string;
  readonly dataDir: string;
  /** Authority id to SHA-256 fingerprint of its first certificate. */
  readonly authorities: Readonly<Record<string, string>>;
  /** SHA-256 over the identities and usages of the leaf entries: changes when the layout or the node's names change. */
  readonly identities: string;
}

export interface ManifestFile {
  /** Node path it goes to. */
  readonly path: string;
  readonly id: string;
  readonly role: MaterialFile['role'];
  /** Path below the generation's directory: `files/server/tls/client-admin.crt`. */
  readonly stored: string;
  readonly sha256: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Certificates only: SHA-256 fingerprint of the leaf. */
  readonly fingerprint256?: string | undefined;
}
