import {
  added,
  count,
  instant,
  list,
  nullable,
  object,
  oneOf,
  optional,
  record,
  sha256,
  type Shape,
  text,
  whole,
} from '../disk/shape.ts';
import { highestGeneration } from '../generation/generation.ts';
import { reasonCodes } from '../reason.ts';
import type {
  GenerationReference,
  RotatedAuthority,
  State,
  StateAuthority,
  StateAuthorityRotation,
  StateCertificate,
  StateEvent,
  StateRenewal,
  StateTransaction,
  ToldReason,
} from './state.ts';

/** The schema this version reads and writes. */
export const stateSchemaVersion = 1;

/** One more can always be counted: a number at 2^53 would stop every rotation to come. */
const generationNumber = whole(0, 2 * highestGeneration);
const fingerprint = nullable(sha256);
const healthLevel = oneOf('ok', 'warning', 'critical');
const reasonCode = oneOf(...reasonCodes);

const generationReference = object<GenerationReference>({
  number: generationNumber,
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

const renewal = object<StateRenewal>({
  generation: nullable(generationNumber),
  at: instant,
  invocation: nullable(text()),
  phase: oneOf('usual', 'emergency', 'asked'),
  end: nullable(instant),
  outcome: oneOf('watching', 'confirmed', 'rolled-back', 'unconfirmed', 'failed'),
  answered: list(count),
  well: list(text()),
  heldUntil: nullable(instant),
});

const authorityRotation = object<StateAuthorityRotation>({
  startedAt: instant,
  step: oneOf('sending', 'stored', 'this-server', 'servers', 'finished', 'withdrawing', 'withdrawn'),
  at: instant,
  tokenChanges: oneOf(true, false),
  caHash: fingerprint,
  agentsRestart: oneOf(true, false),
  well: list(text()),
  authorities: list(
    object<RotatedAuthority>({
      id: text(),
      way: oneOf('intermediate', 'new-root', 'given'),
      oldSha256: sha256,
      newSha256: sha256,
      notAfter: instant,
      crossSignedUntil: nullable(instant),
    }),
  ),
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
    next: generationNumber,
    active: nullable(generationReference),
    standby: nullable(generationReference),
    previous: nullable(generationReference),
    confirmed: nullable(generationNumber),
    proof: added(sha256),
  }),
  certificates: record(certificate),
  authorities: record(authority),
  listenerAsked: added(object<NonNullable<State['listenerAsked']>>({ fingerprint256: sha256, at: instant })),
  transaction: nullable(transaction),
  renewal: added(renewal),
  agentRenewal: added(renewal),
  authorityRotation: added(authorityRotation),
  brake: object<State['brake']>({
    commits: list(instant),
    repairs: optional(record(list(instant))),
    attempts: optional(list(instant)),
  }),
  health: object<State['health']>({
    level: healthLevel,
    since: instant,
    reasons: list(
      object<State['health']['reasons'][number]>({ code: reasonCode, id: nullable(text()), message: text() }),
    ),
  }),
  told: added(
    object<NonNullable<State['told']>>({
      level: healthLevel,
      reasons: list(
        object<ToldReason>({
          code: reasonCode,
          id: nullable(text()),
          severity: added(oneOf('warning', 'critical')),
          step: added(count),
        }),
      ),
    }),
  ),
  lastCheck: nullable(instant),
  events: list(event),
});
