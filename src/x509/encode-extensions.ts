import * as der from './write-der.ts';

export type ExtendedKeyUsage = 'serverAuth' | 'clientAuth';

const serverAuth = der.objectIdentifier('1.3.6.1.5.5.7.3.1');
const clientAuth = der.objectIdentifier('1.3.6.1.5.5.7.3.2');

/** digitalSignature and keyEncipherment, critical: the same for every leaf of the products (products 1.1). */
export function keyUsageExtension(): Buffer {
  return extension('2.5.29.15', der.bitString(Buffer.of(0b1010_0000), 5), true);
}

export function extendedKeyUsageExtension(usages: readonly ExtendedKeyUsage[]): Buffer {
  const identifiers = usages.map((usage) => (usage === 'serverAuth' ? serverAuth : clientAuth));
  return extension('2.5.29.37', der.sequence(...identifiers), false);
}

/** @param keyIdentifier the authority's subjectKeyIdentifier, copied: it is never computed again (products 1.1) */
export function authorityKeyIdentifierExtension(keyIdentifier: Buffer): Buffer {
  return extension('2.5.29.35', der.sequence(der.implicit(0, keyIdentifier)), false);
}

/** @param names DER GeneralNames */
export function subjectAltNameExtension(names: Buffer): Buffer {
  return extension('2.5.29.17', names, false);
}

function extension(identifier: string, value: Buffer, critical: boolean): Buffer {
  return der.sequence(
    der.objectIdentifier(identifier),
    ...(critical ? [der.booleanTrue()] : []),
    der.octetString(value),
  );
}
