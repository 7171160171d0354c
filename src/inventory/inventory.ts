import type { KeyObject, X509Certificate } from 'node:crypto';
import type {
  AuthorityEntry,
  DocumentEntry,
  KeyEntry,
  KubeconfigEntry,
  LeafEntry,
  ListenerEntry,
} from '../layout/entry.ts';
import type { Layout } from '../layout/layout.ts';
import type { FileState } from '../disk/file-reader.ts';

/** What is on disk at one moment, entry by entry, parsed. No judgement: that is assess/. */
export interface Inventory {
  readonly layout: Layout;
  readonly items: readonly Item[];
  /** Files under the scanned directories that look like certificates and are in no table. */
  readonly unknown: readonly UnknownFile[];
  /** certmend's own staged files left behind by a crash (`.NAME.certmend-…`), node paths. */
  readonly stray: readonly string[];
  /** Regenerate trigger files that are present now. */
  readonly pendingTriggers: readonly string[];
}

export type Item = LeafItem | AuthorityItem | ListenerItem | KubeconfigItem | KeyItem | DocumentItem;

export interface LeafItem {
  readonly kind: 'leaf';
  readonly entry: LeafEntry;
  readonly certificateFile: FileState;
  readonly keyFile: FileState;
  /** Parsed certificates of the file, leaf first; empty unless the file is readable and parses. */
  readonly certificates: Parsed<readonly Certificate[]>;
  readonly key: Parsed<PrivateKey>;
}

export interface AuthorityItem {
  readonly kind: 'authority';
  readonly entry: AuthorityEntry;
  readonly certificateFile: FileState;
  /** Undefined when the entry has no key path. */
  readonly keyFile: FileState | undefined;
  readonly certificates: Parsed<readonly Certificate[]>;
  /** First parsable key: the signer (products 1.1). */
  readonly key: Parsed<PrivateKey> | undefined;
}

export interface ListenerItem {
  readonly kind: 'listener';
  readonly entry: ListenerEntry;
  readonly file: FileState;
  readonly document: Parsed<ListenerDocument>;
}

export interface KubeconfigItem {
  readonly kind: 'kubeconfig';
  readonly entry: KubeconfigEntry;
  readonly file: FileState;
  readonly document: Parsed<KubeconfigDocument>;
}

export interface KeyItem {
  readonly kind: 'key';
  readonly entry: KeyEntry;
  readonly file: FileState;
  readonly keys: Parsed<readonly PrivateKey[]>;
}

export interface DocumentItem {
  readonly kind: 'document';
  readonly entry: DocumentEntry;
  readonly file: FileState;
  /** `ok` when the file has the format the entry names. */
  readonly content: Parsed<true>;
}

/** Result of parsing untrusted bytes. `problems` are clauses for a person, at least one. `missing` tells absence from damage. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly missing: boolean; readonly problems: readonly string[] };

/** One certificate, read with node:crypto plus the fields it does not give (RFC 5280 4.1, 4.2). */
export interface Certificate {
  readonly x509: X509Certificate;
  readonly der: Buffer;
  /** Raw DER of the subject Name and issuer Name: chain building compares bytes (products 1.1). */
  readonly subjectDer: Buffer;
  readonly issuerDer: Buffer;
  /** DER of the SubjectPublicKeyInfo. */
  readonly spkiDer: Buffer;
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly issuerCommonName: string;
  readonly serialHex: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  /** True when a basicConstraints extension says cA TRUE. */
  readonly isAuthority: boolean;
  /** Names of RFC 5280 4.2.1.3; undefined when the extension is absent. */
  readonly keyUsages: readonly string[] | undefined;
  /** `serverAuth`, `clientAuth` or a dotted OID; undefined when the extension is absent. */
  readonly extendedKeyUsages: readonly string[] | undefined;
  /** Lower-case hexadecimal key identifiers; undefined when absent. */
  readonly subjectKeyIdentifier: string | undefined;
  readonly authorityKeyIdentifier: string | undefined;
  /** Lower-case hexadecimal SHA-256 of the DER. */
  readonly fingerprint256: string;
}

/** An opaque handle: has no toJSON, prints as `[private key]`, and is never serialised (P9). */
export interface PrivateKey {
  readonly keyObject: KeyObject;
  /** `EC P-256`, `EC P-384`, `RSA 2048` */
  readonly algorithm: string;
  /** DER SubjectPublicKeyInfo of its public half: equal to a certificate's `spkiDer` when they fit. */
  readonly spkiDer: Buffer;
  /** Which PEM form it was read from. */
  readonly form: 'sec1' | 'pkcs1' | 'pkcs8';
}

export interface ListenerDocument {
  readonly certificates: readonly Certificate[];
  readonly key: PrivateKey;
  /** SANs from the `listener.cattle.io/cn-…` annotations: the product's own truth (products 5). */
  readonly names: readonly string[];
  readonly isStatic: boolean;
}

export interface KubeconfigDocument {
  readonly server: string;
  readonly authority: CredentialSource<Certificate>;
  readonly clientCertificate: CredentialSource<Certificate>;
  /** Key reference or the embedded key. */
  readonly clientKey: { readonly path: string } | { readonly key: PrivateKey };
}

/** Either a reference to a file (node path) or embedded certificates. */
export type CredentialSource<T> = { readonly path: string } | { readonly embedded: readonly T[] };

export interface UnknownFile {
  readonly path: string;
  readonly certificates: readonly Certificate[];
  /** As it was read; undefined for what could not be looked into. */
  readonly file?: FileState | undefined;
  /** Why a file that is named like a certificate, or a directory on the way, could not be looked into; clauses. */
  readonly problems?: readonly string[] | undefined;
}
