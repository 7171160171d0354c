/** The files of the bootstrap set, by the product's own field names; paths below `<data-dir>/server` (products 3.1). */
export const fieldPaths: Readonly<Record<string, string>> = {
  ServerCA: 'tls/server-ca.crt',
  ServerCAKey: 'tls/server-ca.key',
  ClientCA: 'tls/client-ca.crt',
  ClientCAKey: 'tls/client-ca.key',
  RequestHeaderCA: 'tls/request-header-ca.crt',
  RequestHeaderCAKey: 'tls/request-header-ca.key',
  ETCDServerCA: 'tls/etcd/server-ca.crt',
  ETCDServerCAKey: 'tls/etcd/server-ca.key',
  ETCDPeerCA: 'tls/etcd/peer-ca.crt',
  ETCDPeerCAKey: 'tls/etcd/peer-ca.key',
  ServiceKey: 'tls/service.key',
  PasswdFile: 'cred/passwd',
  IPSECKey: 'cred/ipsec.psk',
  EncryptionConfig: 'cred/encryption-config.json',
  EncryptionHash: 'cred/encryption-state.json',
};

/** A field of an authority, and the one of its key. */
export const authorityFields = ['ServerCA', 'ClientCA', 'RequestHeaderCA', 'ETCDServerCA', 'ETCDPeerCA'] as const;
export type AuthorityField = (typeof authorityFields)[number];

/** The authority's id in the layout. */
export const authorityIdOf: Readonly<Record<AuthorityField, string>> = {
  ServerCA: 'server-ca',
  ClientCA: 'client-ca',
  RequestHeaderCA: 'request-header-ca',
  ETCDServerCA: 'etcd/server-ca',
  ETCDPeerCA: 'etcd/peer-ca',
};

/** The names under which the product sends and stores an authority's files. */
export interface BootstrapFields {
  readonly certificate: AuthorityField;
  readonly key: string;
}

/**
 * @param id of an authority in the layout
 * @returns undefined for one that is not in the product's bootstrap data
 */
export function bootstrapFields(id: string): BootstrapFields | undefined {
  const field = authorityFields.find((one) => authorityIdOf[one] === id);
  return field === undefined ? undefined : { certificate: field, key: `${field}Key` };
}
