import test from 'ava';
import { builtModule } from '../cli/built-module.ts';

const { parseEnvironment } = builtModule<typeof import('../../src/systemd/environment-file.ts')>(
  'src/systemd/environment-file.ts',
);

/** systemd.exec(5), EnvironmentFile=. */
const cases: readonly (readonly [name: string, text: string, expected: Readonly<Record<string, string>>])[] = [
  ['plain values, blanks at the end dropped', 'A=1\nB= two words  \n', { A: '1', B: 'two words' }],
  ['comments and noise', '# x=1\n; y=2\nnonsense\n=3\nA=1 # kept\n', { A: '1 # kept' }],
  ['quotes', `A="a b "\nB='c "d" \\'\nC=e"f"\n`, { A: 'a b ', B: 'c "d" \\', C: 'e"f"' }],
  ['quoted parts in a row', `A="x"'y' z\n`, { A: 'xyz' }],
  ['escapes', 'A="x\\"y\\nz"\nB=a\\ b\n', { A: 'x"y\\nz', B: 'a b' }],
  ['continuation', 'A=one\\\ntwo\nB=3\n', { A: 'onetwo', B: '3' }],
  ['quotes over lines', 'A="1\n2"\nB=3\n', { A: '1\n2', B: '3' }],
  ['the last of two', 'A=1\nA=2\n', { A: '2' }],
  ['empty', 'A=\nB=""\n', { A: '', B: '' }],
  ['no line feed at the end', 'A=1', { A: '1' }],
  ['an unclosed quote', 'A="1\n', { A: '1\n' }],
];

for (const [name, text, expected] of cases) {
  test(`environment file: ${name}`, (t) => {
    const variables = parseEnvironment(text, '/etc/default/x');
    t.deepEqual(Object.fromEntries([...variables].map(([key, { value }]) => [key, value])), expected);
  });
}

test('environment file: origins are lines', (t) => {
  const variables = parseEnvironment('\n# a\nA="1\n2"\nB=3\n', '/etc/default/x');
  t.is(variables.get('A')?.origin, '/etc/default/x:3');
  t.is(variables.get('B')?.origin, '/etc/default/x:5');
});
