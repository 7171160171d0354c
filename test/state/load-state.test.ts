import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { loadState, parseState } from '../../src/state/load-state.ts';
import { fullState } from './full-state.ts';
import { stateDirectory } from './state-directory.ts';

const whole = JSON.stringify(fullState);

test('loadState says absent on a first run', (t) => {
  t.deepEqual(loadState(stateDirectory(t, { bare: true }).reader), { kind: 'absent' });
});

test('loadState gives back every field of a state file', (t) => {
  const node = stateDirectory(t);
  node.put(whole);
  t.deepEqual(loadState(node.reader), { kind: 'loaded', state: fullState });
});

test('loadState takes the state of a version that did not remember what was told', (t) => {
  const node = stateDirectory(t);
  node.put(JSON.stringify({ ...fullState, told: undefined }));
  t.deepEqual(loadState(node.reader), { kind: 'loaded', state: { ...fullState, told: null } });
});

test('loadState leaves out fields that this version does not know', (t) => {
  const node = stateDirectory(t);
  node.put(JSON.stringify({ ...fullState, later: 1, clock: { ...fullState.clock, source: 'chrony' } }));
  t.deepEqual(loadState(node.reader), { kind: 'loaded', state: fullState });
});

test('loadState says newer for a later schema and still knows the names in it', (t) => {
  const node = stateDirectory(t);
  node.put(JSON.stringify({ ...fullState, schema: 2 }));
  const loaded = loadState(node.reader);
  t.is(loaded.kind, 'newer');
  t.is(loaded.kind === 'newer' && loaded.schema, 2);
  t.deepEqual(loaded.kind === 'newer' && loaded.known.identities.get('serving-kube-apiserver')?.dnsNames, [
    'kubernetes',
    'edge-1',
  ]);
});

test('loadState says newer for a later schema of which it understands nothing', (t) => {
  const node = stateDirectory(t);
  node.put('{"schema": 99}');
  t.deepEqual(loadState(node.reader), {
    kind: 'newer',
    schema: 99,
    known: { highWater: undefined, identities: new Map(), listenerAsked: undefined },
  });
});

const damaged: Readonly<Record<string, string | Uint8Array>> = {
  'an empty file': '',
  'a truncated file': whole.slice(0, whole.length / 2),
  'zero bytes after a power cut': new Uint8Array(4096),
  'bytes that are no UTF-8': new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]),
  'an array': '[]',
  'a number': '1',
  null: 'null',
  'no schema': '{}',
  'a schema of zero': '{"schema":0}',
  'a schema that is a fraction': '{"schema":1.5}',
  'a schema that is text': '{"schema":"1"}',
  'a missing part': JSON.stringify({ ...fullState, brake: undefined }),
  'a time that is none': JSON.stringify({ ...fullState, lastCheck: '2027-02-31T99:00:00Z' }),
  'a status that is none': whole.replace('"status":"OK"', '"status":"FINE"'),
  'brackets without end': '['.repeat(200_000),
  'a file of one megabyte and a byte': new Uint8Array(1024 * 1024 + 1),
};

for (const [name, content] of Object.entries(damaged)) {
  test(`loadState says damaged, with a problem, for ${name}`, (t) => {
    const node = stateDirectory(t);
    node.put(content);
    const loaded = loadState(node.reader);
    t.is(loaded.kind, 'damaged');
    t.true(loaded.kind === 'damaged' && loaded.problem.length > 0 && !loaded.problem.includes('\n'));
  });
}

test('loadState says damaged for a directory, a FIFO, a dangling link and a link that leads out', (t) => {
  const kinds: readonly ((path: string, root: string) => void)[] = [
    (path) => {
      mkdirSync(path);
    },
    (path) => execFileSync('mkfifo', [path]),
    (path) => {
      symlinkSync('nowhere', path);
    },
    (path, root) => {
      writeFileSync(join(root, 'elsewhere.json'), whole);
      symlinkSync('/elsewhere.json', path);
    },
  ];
  for (const make of kinds) {
    const node = stateDirectory(t);
    make(node.file, node.root);
    t.is(loadState(node.reader).kind, 'damaged');
  }
});

test('loadState keeps an entry named __proto__ an entry', (t) => {
  const entry = JSON.stringify(fullState.certificates['serving-kube-apiserver']);
  const loaded = parseState(Buffer.from(whole.replace('"certificates":{', `"certificates":{"__proto__":${entry},`)));
  t.is(loaded.kind, 'loaded');
  t.is(({} as Record<string, unknown>)['commonName'], undefined);
});

test('parseState never throws for any bytes, nor for any damage to a good file', (t) => {
  const good = Buffer.from(whole);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      t.truthy(parseState(bytes).kind);
    }),
  );
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }), (place, byte) => {
      const bytes = Buffer.from(good);
      bytes[place] = byte;
      t.truthy(parseState(bytes).kind);
    }),
  );
  fc.assert(
    fc.property(fc.json(), (text) => {
      t.truthy(parseState(Buffer.from(text)).kind);
    }),
  );
  t.pass();
});
