import { reasonCodes } from '../reason.ts';
import { count, list, nullable, nullableLater, object, oneOf, record, type Shape, text } from './shape.ts';
import type {
  GenerationReference,
  State,
  StateAuthority,
  StateCertificate,
  StateEvent,
  StateTransaction,
  ToldReason,
} from './state.ts';

/** The schema this version reads and writes. */
export const stateSchemaVersion = 1;

const instantPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/;
const instant = text((value) => instantPattern.test(value) && !Number.isNaN(Date.parse(value)), {
  format: 'date-time',
  pattern: instantPattern.source,
});
const fingerprintPattern = /^[0-9a-f]{64}$/;
const fingerprint = nullable(text((value) => fingerprintPattern.test(value), { pattern: fingerprintPattern.source }));
const healthLevel = oneOf('ok', 'warning', 'critical');
const reasonCode = oneOf(...reasonCodes);

const generationReference = object<GenerationReference>({
  number: count,
  origin: oneOf('issued', 'repaired', 'adopted'),
  createdAt: instant,
  committedAt: nullable(instant),
  notAfter: instant,
});

const certificate = object<StateCertificate>({
  commonName: text(),
  organizations: list(text()),
  dnsNames: list(text()),
  ipAddresses: list(text()),
  fingerprint256: fingerprint,
  notBefore: nullable(instant),
  notAfter: nullable(instant),
  status: oneOf('OK', 'WARNING', 'EXPIRED', 'NOT YET VALID', 'DAMAGED', 'MISSING'),
  reasons: list(reasonCode),
});

const authority = object<StateAuthority>({
  commonName: text(),
  fingerprint256: fingerprint,
  notAfter: nullable(instant),
});

const transaction = object<StateTransaction>({
  id: text(),
  generation: count,
  startedAt: instant,
  reason: reasonCode,
});

const event = object<StateEvent>({
  at: instant,
  event: text(),
  code: nullable(reasonCode),
  id: nullable(text()),
  generation: nullable(count),
  message: text(),
});

/**
 * Shape of the state file; the type checker holds it to the State type, field by field. Unknown fields are left out
 * when reading, not refused: a later version may add some without raising the schema number, and going back to this
 * version must not cost the node its memory.
 */
export const stateSchema: Shape<State> = object<State>({
  schema: oneOf(stateSchemaVersion),
  node: object<State['node']>({ machineId: text(), nodeName: text(), layout: text(), dataDir: text() }),
  clock: object<State['clock']>({ highWater: nullable(instant) }),
  generations: object<State['generations']>({
    next: count,
    active: nullable(generationReference),
    standby: nullable(generationReference),
    previous: nullable(generationReference),
    confirmed: nullable(count),
  }),
  certificates: record(certificate),
  authorities: record(authority),
  transaction: nullable(transaction),
  brake: object<State['brake']>({ commits: list(instant) }),
  health: object<State['health']>({
    level: healthLevel,
    since: instant,
    reasons: list(
      object<State['health']['reasons'][number]>({ code: reasonCode, id: nullable(text()), message: text() }),
    ),
  }),
  told: nullableLater(
    object<NonNullable<State['told']>>({
      level: healthLevel,
      reasons: list(object<ToldReason>({ code: reasonCode, id: nullable(text()) })),
    }),
  ),
  lastCheck: nullable(instant),
  events: list(event),
});
