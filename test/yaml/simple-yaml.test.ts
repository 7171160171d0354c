import test from 'ava';
import fc from 'fast-check';
import { builtModule } from '../cli/built-module.ts';

const { readFullYaml } = builtModule<typeof import('../../src/yaml/full-yaml.ts')>('src/yaml/full-yaml.ts');
const { readSimpleYaml } = builtModule<typeof import('../../src/yaml/simple-yaml.ts')>('src/yaml/simple-yaml.ts');

// The oracle for the simple reader is the YAML library: whatever the simple one dares to read, the library reads alike.

test('simple yaml reads a configuration file as people write it', (t) => {
  const text = [
    '# made by hand',
    'token: K10abc::server:xyz',
    'tls-san:',
    '  - lb.example.org   # the balancer',
    '',
    '  - "10.0.0.9"',
    'kubelet-arg: [max-pods=200, "v=2"]',
    "write-kubeconfig-mode: '0640'",
    'node-label:',
    '- role=edge',
    'disable-etcd: false',
    'node-ip:',
  ].join('\n');
  const items = readSimpleYaml(text);
  t.deepEqual(
    items?.map((item) => [item.key, item.list, ...item.values.map(({ value, line }) => `${value}@${String(line)}`)]),
    [
      ['token', false, 'K10abc::server:xyz@2'],
      ['tls-san', true, 'lb.example.org@4', '10.0.0.9@6'],
      ['kubelet-arg', true, 'max-pods=200@7', 'v=2@7'],
      ['write-kubeconfig-mode', false, '0640@8'],
      ['node-label', true, 'role=edge@10'],
      ['disable-etcd', false, 'false@11'],
      ['node-ip', false, '@12'],
    ],
  );
  agree(t, text);
});

/** Where a careless reader goes wrong; one of them in doubt is worth a slow start, not a wrong name. */
const tricky = [
  'a: b:\n',
  'a: b: c\n',
  'a: b :c\n',
  'a: b#c\n',
  'a: b #c\n',
  'a: "b #c"\n',
  "a: 'it''s'\n",
  'a: "\\x41"\n',
  'a:b\n',
  'a: b\n  c\n',
  'a:\n  b\n',
  'a:\n- b\n  c\n',
  'a: b\n- c\n',
  'a:\n - b\n- c\n',
  'a:\n- b\n - c\n',
  'a:\n- - b\n',
  'a:\n- b: c\n',
  'a: [b: c]\n',
  'a: [b, , c]\n',
  'a: [b, c,]\n',
  'a: [b, "c, d"]\n',
  'a: [b] # c\n',
  'a: [b]]\n',
  'a: [[b]]\n',
  'a: - b\n',
  'a: ::1\n',
  'a: ~\nb: null\nc: "null"\n',
  'a: 1\n---\nb: 2\n',
  '---\na: 1\n',
  '--- a\n',
  '{}\na: b\n',
  '{}\n{}\n',
  'a:\n\n# c\n\n- b\n',
  'a:\n- b\n# c\n- d\n',
  'a:\nb:\n- c\n',
  'a: |\n  b\n',
  'a: *b\n',
  'a: &b c\n',
  'a: !!str b\n',
  'a : b\n',
  '"a": b\n',
  '? a\n: b\n',
  'a: b\r\n',
  'a:\tb\n',
  'a: @b\n',
  'a: %b\n',
  'a: b,c\n',
  'a: [b,c]\n',
  ' a: b\n',
  '...\n',
];

test('simple yaml is not caught out by what only looks simple', (t) => {
  for (const text of tricky) agree(t, text);
  t.pass();
});

const pieces = fc.constantFrom(
  ...[
    'a',
    'tls-san',
    'x+',
    '1',
    ':',
    ': ',
    ' ',
    '  ',
    '\n',
    '\n',
    '\n- ',
    '\n  - ',
    '- ',
    '-',
    '#',
    ' #',
    '"',
    "'",
    '\\',
    '[',
    ']',
  ],
  ...[
    ',',
    ', ',
    '{',
    '}',
    '&a',
    '*a',
    '!',
    '|',
    '>',
    '%',
    '@',
    '`',
    '~',
    'null',
    'yes',
    '---',
    '...',
    '?',
    '? ',
    '<<',
    '\t',
    '\r',
    'é',
  ],
  ...['key: value\n', '{}\n', 'key:\n', "k: 'v'\n", 'list: [a, b]\n', 'list:\n- a\n- b\n', 'k: "v"\n'],
);

test('simple yaml never differs from the YAML library', (t) => {
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 24 }), (parts) => {
      agree(t, parts.join(''));
    }),
    { numRuns: 4000, seed: 20260821 },
  );
});

test('simple yaml reads what is made of simple lines, and as the YAML library does', (t) => {
  const word = fc.stringMatching(/^[a-z0-9][a-z0-9./:@=-]{0,12}[a-z0-9]$/);
  const scalar = fc.oneof(
    word,
    word.map((text) => `"${text} x"`),
    word.map((text) => `'${text}'`),
    fc.constant(''),
  );
  const pair = fc
    .tuple(fc.stringMatching(/^[a-z][a-z-]{0,8}[a-z]\+?$/), scalar)
    .map(([key, text]) => `${key}: ${text}`);
  const list = fc
    .tuple(
      fc.stringMatching(/^[a-z]{1,8}$/),
      fc.integer({ min: 0, max: 4 }),
      fc.array(word, { minLength: 1, maxLength: 4 }),
    )
    .map(([key, indent, items]) => [`${key}:`, ...items.map((item) => `${' '.repeat(indent)}- ${item}`)].join('\n'));
  fc.assert(
    fc.property(fc.array(fc.oneof(pair, list), { maxLength: 8 }), (lines) => {
      const text = `${lines.join('\n')}\n`;
      t.not(readSimpleYaml(text), undefined, text);
      agree(t, text);
    }),
    { numRuns: 500, seed: 20260822 },
  );
});

test('full yaml answers any text with items or a problem', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const answer = readFullYaml(text);
      t.true(answer.ok || answer.problem.length > 0);
    }),
    { numRuns: 1000, seed: 20260823 },
  );
});

function agree(t: { deepEqual: (actual: unknown, expected: unknown, message: string) => boolean }, text: string): void {
  const simple = readSimpleYaml(text);
  if (simple !== undefined) t.deepEqual({ ok: true, items: simple }, readFullYaml(text), JSON.stringify(text));
}
