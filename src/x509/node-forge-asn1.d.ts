// @types/node-forge describes the whole library only, with enums where the library has plain numbers. Issuing needs the
// one file that writes DER, and of it these few names.
declare module 'node-forge/lib/asn1.js' {
  interface BinaryString {
    getBytes(): string;
  }
  interface Node {
    readonly composed: boolean;
  }
  type TypeName =
    | 'BOOLEAN'
    | 'INTEGER'
    | 'BITSTRING'
    | 'OCTETSTRING'
    | 'NULL'
    | 'OID'
    | 'UTF8'
    | 'SEQUENCE'
    | 'SET'
    | 'PRINTABLESTRING'
    | 'UTCTIME'
    | 'GENERALIZEDTIME';

  const asn1: {
    readonly Class: Readonly<Record<'UNIVERSAL' | 'CONTEXT_SPECIFIC', number>>;
    readonly Type: Readonly<Record<TypeName, number>>;
    create(tagClass: number, type: number, constructed: boolean, value: string): Node;
    toDer(node: Node): BinaryString;
    oidToDer(dotted: string): BinaryString;
    dateToUtcTime(date: Date): string;
    dateToGeneralizedTime(date: Date): string;
  };
  export default asn1;
}
