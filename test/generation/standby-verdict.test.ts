import test from 'ava';
import type { Binding, Manifest } from '../../src/generation/generation.ts';
import { standbyVerdict } from '../../src/generation/standby-verdict.ts';

const binding: Binding = {
  machineId: 'm',
  nodeName: 'node-1',
  layout: 'rke2-server',
  dataDir: '/var/lib/rancher/rke2',
  authorities: { 'server-ca': 'aa' },
  identities: '00',
};

const manifest: Manifest = {
  schema: 1,
  number: 4,
  origin: 'issued',
  createdAt: '2027-01-01T01:00:00.000Z',
  certmend: '1.0.0',
  binding,
  notBefore: '2027-01-01T00:00:00.000Z',
  notAfter: '2028-01-01T00:00:00.000Z',
  files: [],
};

type Question = Parameters<typeof standbyVerdict>[0];

async function state(twist: Partial<Question> & { readonly kept?: Manifest } = {}): Promise<string> {
  const { kept = manifest, ...rest } = twist;
  const { state: verdict } = await standbyVerdict({
    store: { load: () => ({ ok: true, manifest: kept, files: [] }) },
    number: 4,
    binding,
    now: Date.parse('2027-02-01T00:00:00Z'),
    renewBeforeDays: 120,
    verify: () => Promise.resolve(undefined),
    ...rest,
  });
  return verdict;
}

const at = (instant: string): { readonly now: number } => ({ now: Date.parse(instant) });
const keep = { purpose: 'keep' } as const;

const cases: readonly (readonly [string, Parameters<typeof state>[0], string])[] = [
  ['none was made', { number: undefined }, 'missing'],
  ['it is a month old', {}, 'ready'],
  ['it is a month old and asked whether to keep', keep, 'ready'],
  ['its files are not what was written', { store: { load: () => ({ ok: false, problem: 'x' }) } }, 'invalid'],
  ['it was made on another machine', { binding: { ...binding, machineId: 'other' } }, 'invalid'],
  ['it was made for another node name', { binding: { ...binding, nodeName: 'other' } }, 'invalid'],
  ['an authority is another one since', { binding: { ...binding, authorities: { 'server-ca': 'bb' } } }, 'stale'],
  ['the identities are others since', { binding: { ...binding, identities: '11' } }, 'stale'],
  ['it fails verification', { verify: () => Promise.resolve('the key does not fit') }, 'invalid'],
  ['it has lived just under a quarter', { ...keep, ...at('2027-04-02T05:59:59Z') }, 'ready'],
  ['it has lived a quarter', { ...keep, ...at('2027-04-02T06:00:00Z') }, 'stale'],
  ['it has lived a quarter but is asked for at boot', at('2027-04-02T06:00:00Z'), 'ready'],
  ['it has a second more than the window left', at('2027-09-02T23:59:59Z'), 'ready'],
  ['it has just the window left', at('2027-09-03T00:00:00Z'), 'stale'],
  ['it expired together with the active set', at('2028-03-01T00:00:00Z'), 'stale'],
];

for (const [name, twist, wanted] of cases) {
  test(`standby is ${wanted} when ${name}`, async (t) => {
    t.is(await state(twist), wanted);
  });
}

test('standby that is ready tells how long it is good', async (t) => {
  const verdict = await standbyVerdict({
    store: { load: () => ({ ok: true, manifest, files: [] }) },
    number: 4,
    binding,
    now: Date.parse('2027-02-01T00:00:00Z'),
    renewBeforeDays: 120,
    verify: () => Promise.resolve(undefined),
  });
  t.deepEqual(verdict, {
    state: 'ready',
    generation: 4,
    notBefore: Date.parse('2027-01-01T00:00:00Z'),
    notAfter: Date.parse('2028-01-01T00:00:00Z'),
  });
});
