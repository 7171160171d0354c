import { addressOctets, addressText } from '../x509/general-name.ts';

/** First usable address of a CIDR (network + 1), which the cluster's own API service gets; undefined when it is none. */
export function firstServiceAddress(cidr: string): string | undefined {
  const [address = '', length = '', ...rest] = cidr.split('/');
  const bytes = addressOctets(address);
  if (bytes === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length)) return undefined;
  const bits = bytes.length * 8;
  const prefix = Number(length);
  // A network of one address has no usable one beside the network itself.
  if (prefix > bits - 1) return undefined;
  const network = [...bytes].map(
    (byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))) & 0xff,
  );
  const last = network.length - 1;
  network[last] = (network[last] ?? 0) + 1;
  return addressText(Buffer.from(network));
}
