import { X509Certificate } from 'node:crypto';
import type { FileReader } from '../../disk/file-reader.ts';

const components = ['kube-scheduler', 'kube-controller-manager'] as const;

/**
 * The file of a component that made its own serving certificate in its `cert-dir`, as it does on releases before May 2025,
 * in the very place where later ones put one of the product's (products 1.3). The product replaces it at its next start when
 * it is of a later release: a node that has one still runs an earlier one, whatever its version.
 */
export function selfMadeCertificate(dataDir: string, reader: FileReader): string | undefined {
  return components
    .map((name) => `${dataDir}/server/tls/${name}/${name}.crt`)
    .find((path) => {
      const file = reader.read(path);
      return file.state === 'regular' && isSelfMade(file.bytes);
    });
}

/** Kubernetes signs `<host>@<seconds>` with an authority of one use, `<host>-ca@<seconds>`, both made in that moment. */
function isSelfMade(bytes: Buffer): boolean {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(bytes);
  } catch {
    return false;
  }
  const host = /^CN=(.+)@\d+$/.exec(certificate.subject)?.[1];
  const signer = /^CN=(.+)-ca@\d+$/.exec(certificate.issuer)?.[1];
  return host !== undefined && host === signer;
}
