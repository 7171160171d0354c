import type { Certificate } from '../x509/certificate.ts';
import type { Parsed } from '../x509/parsed.ts';
import type { PrivateKey } from '../x509/private-key.ts';
import type {
  AuthorityEntry,
  DocumentEntry,
  KeyEntry,
  KubeconfigEntry,
  LeafEntry,
  ListenerEntry,
} from '../layout/entry.ts';
import type { Layout } from '../layout/layout.ts';
import type { FileState, Mounted } from '../disk/file-reader.ts';

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
  /** Files of the layout on which something is mounted; undefined for an inventory that was not taken from a disk. */
  readonly mounted?: ReadonlyMap<string, Mounted> | undefined;
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
