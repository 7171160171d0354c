import type { State, StateCertificate } from '../../src/state/state.ts';

export const noon = Date.parse('2027-03-01T12:00:00Z');

export const node = {
  machineId: '0123456789abcdef0123456789abcdef',
  nodeName: 'edge-1',
  layout: 'rke2-server',
  dataDir: '/var/lib/rancher/rke2',
};

export function certificate(change: Partial<StateCertificate> = {}): StateCertificate {
  return {
    commonName: 'kube-apiserver',
    organizations: [],
    dnsNames: ['kubernetes', 'edge-1'],
    ipAddresses: ['127.0.0.1', '10.43.0.1'],
    fingerprint256: 'a'.repeat(64),
    notBefore: '2026-10-01T00:00:00Z',
    notAfter: '2027-10-01T00:00:00Z',
    status: 'OK',
    reasons: [],
    ...change,
  };
}

/** A state with something in every place. */
export const fullState: State = {
  schema: 1,
  node,
  clock: { highWater: '2027-03-01T12:00:00Z' },
  generations: {
    next: 9,
    active: {
      number: 8,
      origin: 'issued',
      createdAt: '2027-01-01T00:00:00Z',
      committedAt: '2027-01-01T00:00:01Z',
      notAfter: '2028-01-01T00:00:00Z',
    },
    standby: {
      number: 7,
      origin: 'issued',
      createdAt: '2026-12-01T00:00:00Z',
      committedAt: null,
      notAfter: '2027-12-01T00:00:00Z',
    },
    previous: null,
    confirmed: 6,
    proof: 'c'.repeat(64),
  },
  certificates: { 'serving-kube-apiserver': certificate() },
  authorities: {
    'server-ca': {
      commonName: 'rke2-server-ca@1600000000',
      fingerprint256: 'b'.repeat(64),
      notAfter: '2035-01-01T00:00:00Z',
    },
  },
  listenerAsked: { fingerprint256: 'ab'.repeat(32), at: '2027-01-01T00:00:01Z' },
  authorityRotation: null,
  agentRenewal: null,
  renewal: {
    generation: 8,
    at: '2027-01-01T00:00:00Z',
    invocation: '0123456789abcdef0123456789abcdef',
    phase: 'usual',
    end: '2027-01-20T00:00:00Z',
    outcome: 'confirmed',
    answered: [6443, 9345],
    well: ['serving-kube-apiserver'],
    heldUntil: '2027-01-20T00:00:00Z',
  },
  transaction: { id: '00112233aabbccdd', generation: 8, startedAt: '2027-01-01T00:00:00Z', reason: 'LeafExpired' },
  brake: { commits: ['2027-02-28T00:00:00Z'] },
  health: {
    level: 'warning',
    since: '2027-02-01T00:00:00Z',
    reasons: [{ code: 'LeafRenewDue', id: 'serving-kube-apiserver', message: 'serving-kube-apiserver ends in 100 d' }],
  },
  told: {
    level: 'warning',
    reasons: [{ code: 'LeafRenewDue', id: 'serving-kube-apiserver', severity: 'warning', step: 30 }],
  },
  lastCheck: '2027-03-01T11:59:59.123Z',
  events: [
    { at: '2027-01-01T00:00:01Z', event: 'committed', code: 'LeafExpired', id: null, generation: 8, message: 'live' },
  ],
};
