import { parseListener } from '../../../src/inventory/listener.ts';
import { listenerDocument } from '../../fixtures/listener.ts';
import { expectParsed } from '../expect-parsed.ts';
import { seedMaterial } from '../seeds.ts';
import type { FuzzTarget } from '../target.ts';

export const target: FuzzTarget = {
  name: 'parseListener',
  seeds: () => {
    const { leaf, authority, leafKey } = seedMaterial();
    const names = ['kubernetes', '127.0.0.1', '2001:db8::1', '*.example.com'];
    const document = listenerDocument('rke2', names, leaf, authority, leafKey, Date.parse('2026-03-01T00:00:00Z'));
    const texts = [document, '{"type":"kubernetes.io/tls","data":null,"metadata":[]}', '['.repeat(20_000)];
    return [...texts.map((text) => Buffer.from(text)), Buffer.alloc(0)];
  },
  run: (input) => {
    expectParsed(parseListener(input));
  },
};
