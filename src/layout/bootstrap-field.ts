/** The names under which the product sends and stores an authority's files (products 3.1). */
export interface BootstrapFields {
  readonly certificate: string;
  readonly key: string;
}

const stems: Readonly<Record<string, string>> = {
  'server-ca': 'ServerCA',
  'client-ca': 'ClientCA',
  'request-header-ca': 'RequestHeaderCA',
  'etcd/server-ca': 'ETCDServerCA',
  'etcd/peer-ca': 'ETCDPeerCA',
};

/** @returns undefined for an authority that is not in the product's bootstrap data */
export function bootstrapFields(authority: string): BootstrapFields | undefined {
  const stem = stems[authority];
  return stem === undefined ? undefined : { certificate: stem, key: `${stem}Key` };
}
