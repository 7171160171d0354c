import test from 'ava';
import fc from 'fast-check';
import { parseConfigFile } from '../../src/config/parse-config-file.ts';

const words = [
  'boot',
  'clock',
  'deadline',
  'retention',
  ':',
  ': ',
  '\n',
  '  ',
  '- ',
  '&a',
  '*a',
  '<<',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '|',
  '>',
  '!!int',
  '?',
  '#',
  '60s',
  '\t',
  '---',
  '...',
  '%YAML 1.2',
  '__proto__',
];

test('parseConfigFile never throws and never hangs, for any bytes and any mixture of YAML', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      t.truthy(parseConfigFile('/c.yaml', bytes).problems);
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...words), { maxLength: 60 }), (parts) => {
      const { problems, said } = parseConfigFile('/c.yaml', Buffer.from(parts.join('')));
      for (const { message, position } of problems) {
        t.notRegex(message, /\n/);
        t.true(position === undefined || (position.line >= 1 && position.column >= 1));
      }
      t.true(problems.length > 0 || said instanceof Map);
    }),
    { numRuns: 500 },
  );
});

test('parseConfigFile ends an alias bomb', (t) => {
  const levels = Array.from({ length: 12 }, (_, level) => {
    const inner = level === 0 ? 'x' : `*l${String(level - 1)}`;
    return `l${String(level)}: &l${String(level)} [${Array.from({ length: 10 }, () => inner).join(', ')}]`;
  });
  t.true(parseConfigFile('/c.yaml', Buffer.from(levels.join('\n'))).problems.length > 0);
});

test('parseConfigFile shows no control characters of a hostile file', (t) => {
  const { problems } = parseConfigFile('/c.yaml', Buffer.from('"\\e[31mred\\e[0m": 1\n'));
  t.is(problems[0]?.code, 'unknown-key');
  t.notRegex(problems[0]?.message ?? '', /\p{Cc}/u);
});
