import test from 'ava';
import fc from 'fast-check';
import { bitString, objectIdentifier, readChildren, readElement, readWhole, tag } from '../../src/x509/read-der.ts';
import { instantOf } from '../../src/x509/read-der.ts';
import { addressText } from '../../src/x509/general-name.ts';
import { decodeBase64 } from '../../src/x509/pem.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

for (const [what, bytes] of [
  ['nothing', ''],
  ['a tag alone', '30'],
  ['content that is cut short', '30 05 02 01 01'],
  ['the indefinite form', '30 80 02 01 01 00 00'],
  ['a long form for a short length', '30 81 03 02 01 01'],
  ['a long form with a leading zero', `30 82 00 80${' 00'.repeat(128)}`],
  ['a length of five octets', '30 85 01 00 00 00 00'],
  ['a length field that is cut short', '30 82 01'],
  ['a tag of several octets', '3f 81 01 00'],
] as const) {
  test(`readElement refuses ${what}`, (t) => {
    const input = hex(bytes);
    t.is(readElement(input, 0, input.length), undefined);
  });
}

test('readElement reads the lengths at which the form changes', (t) => {
  for (const length of [0, 127, 128, 255, 256, 65_535, 65_536]) {
    const header =
      length < 128
        ? [4, length]
        : length < 256
          ? [4, 0x81, length]
          : length < 65_536
            ? [4, 0x82, length >> 8, length & 255]
            : [4, 0x83, length >> 16, (length >> 8) & 255, length & 255];
    const input = Buffer.concat([Buffer.from(header), Buffer.alloc(length)]);
    t.deepEqual(readWhole(input, tag.octetString), {
      tag: 4,
      start: 0,
      content: header.length,
      end: header.length + length,
    });
  }
});

test('readChildren refuses children that do not fill their parent', (t) => {
  const input = hex('30 04 02 01 01 05');
  const parent = readWhole(input, tag.sequence);
  t.truthy(parent);
  t.is(parent && readChildren(input, parent), undefined);
});

for (const [bytes, text] of [
  ['06 04 55 1d 25 00', '2.5.29.37.0'],
  ['06 08 2a 86 48 ce 3d 03 01 07', '1.2.840.10045.3.1.7'],
  ['06 01 27', '0.39'],
  ['06 03 88 37 01', '2.999.1'],
  ['06 0a 2b 06 01 04 01 8f ff ff ff 7f', '1.3.6.1.4.1.4294967295'],
] as const) {
  test(`objectIdentifier reads ${text}`, (t) => {
    const input = hex(bytes);
    const element = readWhole(input, tag.objectIdentifier);
    t.is(element && objectIdentifier(input, element), text);
  });
}

for (const bytes of ['06 00', '06 02 2a 80', '06 03 2a 80 01', '06 06 2a 90 80 80 80 00']) {
  test(`objectIdentifier refuses ${bytes}`, (t) => {
    const input = hex(bytes);
    const element = readWhole(input, tag.objectIdentifier);
    t.is(element && objectIdentifier(input, element), undefined);
  });
}

for (const bytes of ['03 00', '03 01 01', '03 02 08 ff']) {
  test(`bitString refuses ${bytes}`, (t) => {
    const input = hex(bytes);
    const element = readWhole(input, tag.bitString);
    t.is(element && bitString(input, element), undefined);
  });
}

for (const [type, text, expected] of [
  [tag.utcTime, '491231235959Z', '2049-12-31T23:59:59Z'],
  [tag.utcTime, '500101000000Z', '1950-01-01T00:00:00Z'],
  [tag.utcTime, '240229120000Z', '2024-02-29T12:00:00Z'],
  [tag.utcTime, '230229120000Z', undefined],
  [tag.utcTime, '2603010000Z', undefined],
  [tag.utcTime, '260301000000+0100', undefined],
  [tag.utcTime, '260301240000Z', undefined],
  [tag.utcTime, '20260301000000Z', undefined],
  [tag.generalizedTime, '20500101000000Z', '2050-01-01T00:00:00Z'],
  [tag.generalizedTime, '00010101000000Z', '0001-01-01T00:00:00Z'],
  [tag.generalizedTime, '99991231235959Z', '9999-12-31T23:59:59Z'],
  [tag.generalizedTime, '20260301000000.5Z', undefined],
  [tag.generalizedTime, '20260301000060Z', undefined],
  [tag.octetString, '20260301000000Z', undefined],
] as const) {
  test(`instantOf reads ${text} with tag ${type} as ${expected ?? 'no time'}`, (t) => {
    const input = Buffer.concat([Buffer.of(type, text.length), Buffer.from(text)]);
    const element = readWhole(input, type);
    t.is(element && instantOf(input, element), expected === undefined ? undefined : Date.parse(expected));
  });
}

test('addressText writes IPv6 as the URL standard does', (t) => {
  const group = fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const octets = Buffer.alloc(16);
      groups.forEach((value, index) => octets.writeUInt16BE(value, index * 2));
      const text = addressText(octets);
      // The mapped ones have a rule of their own.
      if (text?.includes('.')) return;
      const address = groups.map((value) => value.toString(16)).join(':');
      t.is(text, new URL(`http://[${address}]/`).hostname.slice(1, -1));
    }),
  );
});

test('addressText writes an IPv4-mapped address as the IPv4 address, as Go does', (t) => {
  t.is(addressText(hex('00000000000000000000ffff 0a000001')), '10.0.0.1');
  t.is(addressText(hex('7f000001')), '127.0.0.1');
  t.is(addressText(hex('7f0000')), undefined);
});

test('decodeBase64 is the inverse of base64, wherever the lines break', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 80 }), (bytes, width) => {
      const text = Buffer.from(bytes)
        .toString('base64')
        .replaceAll(new RegExp(`.{${width}}`, 'g'), '$&\r\n');
      t.deepEqual(decodeBase64(text), Buffer.from(bytes));
    }),
  );
});

test('decodeBase64 refuses what Buffer would skip', (t) => {
  for (const text of ['AAA', 'AA=A', 'A===', 'AA-_', 'AAAA!', 'AA\u00e4A', '===='])
    t.is(decodeBase64(text), undefined, text);
});
