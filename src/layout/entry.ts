import type { ExtendedKeyUsage } from '../x509/encode-certificate.ts';

/**
 * One row of a layout. All paths are absolute *node paths*: as the product on the node names them. The adapters put
 * the directory given with --root in front; nothing else knows that it exists.
 */
export type Entry = LeafEntry | AuthorityEntry | ListenerEntry | KubeconfigEntry | KeyEntry | DocumentEntry;

/** Subject and names of a certificate. `organizations` is compared as a set; names as in RFC 5280 4.2.1.6. */
export interface Identity {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  /** Textual form as `net.isIP` accepts it, IPv6 compressed and lower-cased. */
  readonly ipAddresses: readonly string[];
}

/** How the consumer picks up a new file (products 8). */
export type Reload = 'watch' | 'handshake' | 'restart' | 'product-start';

/** `rename` is right while the service is down; `in-place` is what single-file bind mounts need while it runs (products 1.7). */
export type WriteMode = 'rename' | 'in-place';

export interface EntryBase {
  /** The product's own base name, unique in the layout: `serving-kube-apiserver`, `etcd/peer-server-client`, `agent/client-kubelet`. */
  readonly id: string;
  /** Absence is not a finding: the role or the version does not need it, or the product makes it itself. */
  readonly optional: boolean;
  /** P2: never written, moved, touched or chmodded. */
  readonly protected: boolean;
  /** The process that uses the file, in words an operator knows: `kube-apiserver`, `etcd`, `kubelet`, `rke2`. */
  readonly consumer: string;
  readonly reload: Reload;
  readonly writeMode: WriteMode;
  /** The product makes this file anew at each of its starts; certmend does not write it on this layout. */
  readonly reissuedAtStart: boolean;
}

export interface LeafEntry extends EntryBase {
  readonly kind: 'leaf';
  readonly certificatePath: string;
  readonly keyPath: string;
  /** Id of the authority entry that signs it. */
  readonly issuer: string;
  /** What the product will check, and therefore what the certificate must have. SANs: at least these. */
  readonly identity: Identity;
  readonly extendedKeyUsages: readonly ExtendedKeyUsage[];
  /** The file is the leaf followed by every certificate of the authority's file (products 1.1). */
  readonly chainInFile: boolean;
  readonly certificateMode: number;
  readonly keyMode: number;
  /** Where the certificate is served, for probes. */
  readonly port: number | undefined;
  /** Another process than the consumer, which reads it at its start and never again (products 8). */
  readonly readAtStartBy?: string | undefined;
  /** Where the consumer says whether it is well. */
  readonly health?: HealthQuestion | undefined;
  /** Whom the consumer shows it to, on this node: who refuses it says so. */
  readonly shownTo?: ShownTo | undefined;
  /** A server of the cluster signs a new one for the key that is here, while the service runs (products 6.1). */
  readonly signedBySupervisor?: SupervisorPath | undefined;
}

/** `POST` of a certification request (RFC 2986, DER): the answer is the leaf and its authority's certificates, PEM. */
export interface SupervisorPath {
  /** `/v1-rke2/client-kubelet.crt` */
  readonly path: string;
  /** The node has to say its name, and prove it with its password. */
  readonly namesNode: boolean;
}

/** `GET https://127.0.0.1:PORT/PATH` with a client certificate: 200 is well, everything else is not (products 8). */
export interface HealthQuestion {
  readonly port: number;
  /** `/readyz` */
  readonly path: string;
  /** Id of the leaf that is shown. */
  readonly client: string;
}

/**
 * `GET https://127.0.0.1:PORT/PATH` with the leaf as client certificate: 401 is a refusal, every other status comes from a
 * server that knows who asks. The API server answers 401 to a certificate that it does not accept, since the products
 * switch anonymous requests off (products 8).
 */
export interface ShownTo {
  readonly port: number;
  /** One that every client may ask: `/version` */
  readonly path: string;
  /** Id of the authority that the server's own certificate is signed by. */
  readonly authority: string;
}

export interface AuthorityEntry extends EntryBase {
  readonly kind: 'authority';
  readonly certificatePath: string;
  /** Undefined where the layout never has the key (agents, copies). */
  readonly keyPath: string | undefined;
  /** A copy of another authority's first certificate that the product rewrites at each start (`*.nochain.crt`). */
  readonly copyOf: string | undefined;
}

/** RKE2's and K3s's own `server/tls/dynamic-cert.json`: a Kubernetes Secret (products 5). Never certmend's state file. */
export interface ListenerEntry extends EntryBase {
  readonly kind: 'listener';
  readonly path: string;
  readonly issuer: string;
  readonly identity: Identity;
  /** An empty 0600 file here makes the product regenerate the document at its next start. */
  readonly regenerateTrigger: string;
  readonly port: number | undefined;
}

export interface KubeconfigEntry extends EntryBase {
  readonly kind: 'kubeconfig';
  readonly path: string;
  readonly mode: number;
  readonly style: 'references' | 'embedded';
  /** Id of the leaf that is the client identity in it. */
  readonly client: string;
  /** Id of the authority it trusts. */
  readonly authority: string;
  /** `https://127.0.0.1:6443` */
  readonly server: string;
  /** certmend may write it again when missing or broken (credential kubeconfigs with file references only). */
  readonly writable: boolean;
}

/** A private key that has no certificate beside it in this layout. */
export interface KeyEntry extends EntryBase {
  readonly kind: 'key';
  readonly path: string;
  /** `legacy-shared`: made by the product when missing, fatal to it when unparsable (products 1.3); `service-account`: `service.key`. */
  readonly role: 'legacy-shared' | 'service-account' | 'service-account-current';
}

/** A protected file that is no certificate and no key: `cred/passwd`, `cred/ipsec.psk`, `cred/encryption-*.json`, tokens. */
export interface DocumentEntry extends EntryBase {
  readonly kind: 'document';
  readonly path: string;
  readonly format: 'json' | 'lines' | 'opaque';
  /** Of the bootstrap set: the product restores it from its datastore when it is missing. Never true of a token. */
  readonly restoredByProduct?: boolean | undefined;
}
