import type { Random } from './random.ts';

/** Larger inputs are cut: the mutations matter, not the size. What sheer size does has tests of its own. */
const maxBytes = 64 * 1024;

/** Bytes at which parsers of DER, PEM, JSON and YAML turn. */
const interesting = [
  ...[0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x17, 0x18, 0x1e, 0x30, 0x31, 0x7f, 0x80, 0x81, 0x82, 0x84, 0x88],
  ...[0xa0, 0xa3, 0xff],
  ...Buffer.from('\n\r\t -:=+/"\'\\{}[],#&*!|>%@`~'),
];

const tokens = [
  '-----BEGIN CERTIFICATE-----\n',
  '\n-----END CERTIFICATE-----\n',
  '-----BEGIN EC PRIVATE KEY-----\n',
  'Proc-Type: 4,ENCRYPTED\n\n',
  '"__proto__":{},',
  '[[[[[[[[',
  '{"a":',
  '&a *a ',
  '\u2028',
  'null',
  '1e999',
].map((token) => Buffer.from(token));

type Mutation = (input: Buffer, random: Random, corpus: readonly Buffer[]) => Buffer;

const mutations: readonly Mutation[] = [
  function flipBit(input, random) {
    const at = random.below(input.length);
    input[at] = (input[at] ?? 0) ^ (1 << random.below(8));
    return input;
  },
  function setByte(input, random) {
    input[random.below(input.length)] = random.below(2) === 0 ? random.pick(interesting) : random.below(256);
    return input;
  },
  function truncate(input, random) {
    return input.subarray(0, random.below(input.length));
  },
  function removeRange(input, random) {
    const from = random.below(input.length);
    return Buffer.concat([input.subarray(0, from), input.subarray(from + 1 + random.below(16))]);
  },
  function repeatRange(input, random) {
    const from = random.below(input.length);
    const part = input.subarray(from, from + 1 + random.below(64));
    return Buffer.concat([
      input.subarray(0, from),
      ...Array.from({ length: 2 + random.below(6) }, () => part),
      input.subarray(from),
    ]);
  },
  function insertToken(input, random) {
    const at = random.below(input.length + 1);
    return Buffer.concat([input.subarray(0, at), random.pick(tokens), input.subarray(at)]);
  },
  function splice(input, random, corpus) {
    const other = random.pick(corpus);
    return Buffer.concat([
      input.subarray(0, random.below(input.length)),
      other.subarray(random.below(other.length + 1)),
    ]);
  },
  /** A length field of DER becomes one too many, one too few, huge or indefinite. */
  function bendLength(input, random) {
    const starts = [...input.keys()].filter((at) =>
      [0x02, 0x03, 0x04, 0x06, 0x30, 0x31, 0xa0, 0xa3].includes(input[at] ?? 0),
    );
    if (starts.length === 0) return input;
    const at = random.pick(starts) + 1;
    if (at < input.length)
      input[at] = random.pick([(input[at] ?? 0) + 1, (input[at] ?? 0) - 1, 0x80, 0x84, 0xff, 0]) & 0xff;
    return input;
  },
];

/** One to four changes to a copy of an input. */
export function mutate(input: Buffer, random: Random, corpus: readonly Buffer[]): Buffer {
  let mutant = Buffer.from(input);
  for (let count = 1 + random.below(4); count > 0 && mutant.length > 0; count -= 1)
    mutant = Buffer.from(random.pick(mutations)(mutant, random, corpus).subarray(0, maxBytes));
  return mutant;
}
