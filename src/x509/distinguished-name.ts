import { isUtf8 } from 'node:buffer';
import { objectIdentifier, readChildren, tag, type Element } from './read-der.ts';

/** The attributes of a Name that the products compare (RFC 5280 4.1.2.4). */
export interface DistinguishedName {
  /** Empty when there is none. Of several, the last: the one Go takes. */
  readonly commonName: string;
  readonly organizations: readonly string[];
}

const commonNameType = '2.5.4.3';
const organizationType = '2.5.4.10';

/** Undefined when the element is no Name, or its common name or an organization is in no string type that Go reads. */
export function readDistinguishedName(bytes: Buffer, name: Element): DistinguishedName | undefined {
  if (name.tag !== tag.sequence) return undefined;
  let commonName = '';
  const organizations: string[] = [];
  for (const relative of readChildren(bytes, name) ?? [undefined]) {
    if (relative?.tag !== tag.set) return undefined;
    for (const attribute of readChildren(bytes, relative) ?? [undefined]) {
      if (attribute?.tag !== tag.sequence) return undefined;
      const [type, value, more] = readChildren(bytes, attribute) ?? [];
      if (type === undefined || value === undefined || more !== undefined) return undefined;
      const identifier = objectIdentifier(bytes, type);
      if (identifier === undefined) return undefined;
      if (identifier !== commonNameType && identifier !== organizationType) continue;
      const text = directoryString(bytes, value);
      if (text === undefined) return undefined;
      if (identifier === commonNameType) commonName = text;
      else organizations.push(text);
    }
  }
  return { commonName, organizations };
}

/** Text of a DirectoryString (RFC 5280 appendix A.1) or of an IA5String. */
function directoryString(bytes: Buffer, value: Element): string | undefined {
  const content = bytes.subarray(value.content, value.end);
  switch (value.tag) {
    case tag.utf8String:
      return isUtf8(content) ? content.toString('utf8') : undefined;
    case tag.printableString:
    case tag.numericString:
    case tag.ia5String:
      return content.every((octet) => octet < 0x80) ? content.toString('latin1') : undefined;
    case tag.teletexString:
      return content.toString('latin1');
    case tag.bmpString:
      // UTF-16 with the high octet first; swap16 works in place, hence the copy.
      return content.length % 2 === 0 ? Buffer.from(content).swap16().toString('utf16le') : undefined;
    default:
      return undefined;
  }
}
