import { readFileSync } from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import { fromJSONSchema } from 'zod';
import { parseState } from '../../src/state/load-state.ts';
import { publishedStateSchema } from '../../src/state/published-schema.ts';
import { rfc3339, instantOf } from '../../src/time/rfc3339.ts';
import { stateSchema } from '../../src/state/schema.ts';
import { fullState } from './full-state.ts';

test('docs/state.schema.json is the schema that reads the state file', (t) => {
  const published = readFileSync(new URL('../../docs/state.schema.json', import.meta.url), 'utf8');
  t.deepEqual(JSON.parse(published), JSON.parse(publishedStateSchema()), 'run: node build/state-schema.ts');
});

test('stateSchema takes a state with something in every place and gives it back', (t) => {
  t.deepEqual(stateSchema.read(fullState, ''), fullState);
});

test('parseState accepts exactly what another reader of the published schema accepts', (t) => {
  const published = fromJSONSchema(JSON.parse(publishedStateSchema()) as Parameters<typeof fromJSONSchema>[0]);
  const places = placesOf(fullState);
  const odd = fc.constantFrom<unknown>(undefined, null, 0, -1, 1.5, 'x', '', [], {}, [null], true, 'OK', 'LeafExpired');
  t.true(published.safeParse(fullState).success);
  fc.assert(
    fc.property(fc.constantFrom(...places), odd, (place, value) => {
      const text = JSON.stringify(changed(fullState, place, value));
      const accepted = parseState(Buffer.from(text)).kind === 'loaded';
      t.is(accepted, published.safeParse(JSON.parse(text)).success, `${place.join('.')} = ${JSON.stringify(value)}`);
    }),
    { numRuns: 1000 },
  );
});

test('stateSchema has no place for a key', (t) => {
  t.false(/key|secret|password|token/i.test(Object.keys(flatten(fullState)).join(' ')));
});

test('rfc3339 writes instants that certificates have and instantOf reads them back', (t) => {
  t.is(rfc3339(Date.parse('2027-03-01T12:00:00Z')), '2027-03-01T12:00:00Z');
  t.is(rfc3339(Date.parse('2027-03-01T12:00:00.250Z')), '2027-03-01T12:00:00.250Z');
  t.is(rfc3339(253_402_300_799_000), '9999-12-31T23:59:59Z');
  t.is(rfc3339(8.64e15), '9999-12-31T23:59:59Z');
  t.is(rfc3339(-8.64e15), '0000-01-01T00:00:00Z');
  t.is(rfc3339(NaN), '9999-12-31T23:59:59Z');
  t.is(instantOf('2027-03-01T12:00:00Z'), Date.parse('2027-03-01T12:00:00Z'));
  t.is(instantOf(null), undefined);
  t.is(instantOf('soon'), undefined);
});

function flatten(value: unknown, path = ''): Record<string, true> {
  if (typeof value !== 'object' || value === null) return { [path]: true };
  return Object.assign({}, ...Object.entries(value).map(([key, inner]) => flatten(inner, `${path}.${key}`))) as Record<
    string,
    true
  >;
}

function placesOf(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => placesOf(inner, [...path, key]))].filter(
    (place) => place.length > 0,
  );
}

function changed(value: unknown, [first, ...rest]: readonly string[], to: unknown): unknown {
  if (first === undefined) return to;
  const copy = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) };
  const open = copy as Record<string, unknown>;
  open[first] = changed(open[first], rest, to);
  return copy;
}
