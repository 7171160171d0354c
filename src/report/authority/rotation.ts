import type { NewAuthority } from '../../issue/authority/renew-authority.ts';
import type { Layout } from '../../layout/layout.ts';
import type { ChosenAuthority } from '../../plan/authority-rotation.ts';
import type { RotatedAuthority, StateAuthorityRotation } from '../../state/state.ts';
import { rfc3339 } from '../../time/rfc3339.ts';
import { apiVersion, type DocumentHeader } from '../document.ts';

/** What a rotation of authorities would be, for `ca rotate --dry-run` and before a person agrees. No key, no password. */
export interface AuthorityRotationPlan extends DocumentHeader<'AuthorityRotationPlan'> {
  readonly at: string;
  readonly root: string;
  readonly layout: string;
  readonly nodeName: string;
  readonly unit: string;
  readonly decision: 'rotate' | 'refused';
  /** What is in the way now, a clause each. */
  readonly obstacles: readonly string[];
  readonly authorities: readonly PlannedAuthority[];
  /** Made in memory and proven: conversations between a node with the old file and one with the new, in both directions. */
  readonly handshakes: number;
  /** Whether each node with the full token needs a new one; the hash that it has now. */
  readonly token: { readonly changes: boolean; readonly caHash: string | null };
  /** Who is restarted, in this order. */
  readonly restart: readonly ('this-server' | 'other-servers' | 'agents' | 'pods')[];
  /** Where the old and the new set are kept, 0600, until the rotation is finished. */
  readonly copies: string;
}

export interface PlannedAuthority {
  readonly id: string;
  readonly path: string;
  /** `intermediate`: under the root that is there. `new-root`: and an intermediate under it. `given`: under what was brought. */
  readonly way: ChosenAuthority['way']['kind'];
  readonly root: string | null;
  /** The old certificate that signs the new root, so that nodes with the old file trust it; null where they know it. */
  readonly crossSignedBy: string | null;
  readonly crossSignedUntil: string | null;
  /** Of the signer, now and afterwards. */
  readonly notAfter: { readonly before: string; readonly after: string };
  /** That its file will hold. */
  readonly certificates: number;
}

export interface PlanInput {
  readonly layout: Layout;
  readonly root: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly obstacles: readonly string[];
  readonly authorities: readonly { readonly chosen: ChosenAuthority; readonly made: NewAuthority }[];
  readonly handshakes: number;
  readonly caHash: { readonly before: string | undefined; readonly after: string | undefined };
  readonly agentsRestart: boolean;
  readonly copies: string;
}

export function rotationPlan(input: PlanInput): AuthorityRotationPlan {
  const { layout, authorities, caHash, obstacles } = input;
  const pods = authorities.some(({ chosen, made }) => chosen.id === 'server-ca' && made.crossSignedUntil !== undefined);
  return {
    apiVersion,
    kind: 'AuthorityRotationPlan',
    at: rfc3339(input.now),
    root: input.root,
    layout: layout.name,
    nodeName: layout.nodeName,
    unit: layout.unit,
    decision: obstacles.length > 0 ? 'refused' : 'rotate',
    obstacles,
    authorities: authorities.map(planned),
    handshakes: input.handshakes,
    token: { changes: caHash.before !== caHash.after, caHash: caHash.before ?? null },
    restart: [
      'this-server',
      'other-servers',
      ...(input.agentsRestart ? (['agents'] as const) : []),
      ...(pods ? (['pods'] as const) : []),
    ],
    copies: input.copies,
  };
}

function planned({ chosen, made }: PlanInput['authorities'][number]): PlannedAuthority {
  const { way, old, item } = chosen;
  const [before] = old.certificates;
  const [after] = made.certificates;
  return {
    id: chosen.id,
    path: item.entry.certificatePath,
    way: way.kind,
    root: rootName(chosen, made),
    crossSignedBy:
      made.crossSignedUntil === undefined || way.kind === 'intermediate'
        ? null
        : (way.by?.certificate.commonName ?? null),
    crossSignedUntil: made.crossSignedUntil === undefined ? null : rfc3339(made.crossSignedUntil),
    notAfter: { before: rfc3339(before?.notAfter ?? 0), after: rfc3339(after?.notAfter ?? 0) },
    certificates: made.certificates.length,
  };
}

function rootName({ way }: ChosenAuthority, made: NewAuthority): string | null {
  switch (way.kind) {
    case 'intermediate':
      return way.root.certificate.commonName;
    case 'given':
      return way.root.commonName;
    case 'new-root':
      return made.certificates[1]?.commonName ?? null;
  }
}

/** Where a rotation stands, and what comes next: `ca rotate`, `--continue`, `--abort`. No key, no password. */
export interface AuthorityRotationReport extends DocumentHeader<'AuthorityRotation'> {
  readonly at: string;
  readonly root: string;
  readonly layout: string;
  readonly nodeName: string;
  readonly startedAt: string;
  readonly step: StateAuthorityRotation['step'];
  /** When that was reached. */
  readonly reachedAt: string;
  /** What the next step waits for, a clause each; empty when one was reached. */
  readonly waiting: readonly string[];
  /** What a person does next, in this order; empty when nothing is left. */
  readonly next: readonly NextAct[];
  readonly token: {
    readonly changes: boolean;
    readonly caHash: string | null;
    /** Files that hold the new tokens, 0600. */
    readonly files: readonly string[];
  };
  readonly authorities: readonly RotatedAuthority[];
  readonly notes: readonly string[];
}

export interface NextAct {
  readonly what: string;
  /** For a shell, as it stands; null where it is no command. */
  readonly command: string | null;
}

export interface RotationInput {
  readonly layout: Layout;
  readonly agentUnit: string;
  readonly root: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly rotation: StateAuthorityRotation;
  readonly waiting: readonly string[];
  readonly notes: readonly string[];
  readonly tokens: readonly string[];
}

export function rotationReport(input: RotationInput): AuthorityRotationReport {
  const { layout, rotation, waiting, notes, tokens, root, now } = input;
  return {
    apiVersion,
    kind: 'AuthorityRotation',
    at: rfc3339(now),
    root,
    layout: layout.name,
    nodeName: layout.nodeName,
    startedAt: rotation.startedAt,
    step: rotation.step,
    reachedAt: rotation.at,
    waiting,
    next: nextActs(input),
    token: { changes: rotation.tokenChanges, caHash: rotation.caHash, files: tokens },
    authorities: rotation.authorities,
    notes,
  };
}

const goOn = 'certmend ca rotate --continue';

/** What follows each step, as a person does it. */
export function nextActs({
  layout,
  agentUnit,
  rotation,
  tokens,
}: Pick<RotationInput, 'layout' | 'agentUnit' | 'rotation' | 'tokens'>): readonly NextAct[] {
  const { unit, nodeName } = layout;
  const confirmed = `${goOn} --confirm ${nodeName === '' ? 'this-node' : nodeName}`;
  const [token = ''] = tokens;
  const first = rotation.tokenChanges
    ? [
        {
          what: `a node whose settings have the full token (K10…) gets the new one first, in /etc/rancher/${layout.product}/config.yaml; one with the bare password needs nothing`,
          command: token === '' ? null : `cat ${token}`,
        },
      ]
    : [];
  switch (rotation.step) {
    case 'sending':
      return [{ what: 'send the same set again, before any server is restarted', command: goOn }];
    case 'withdrawing':
      return [
        { what: 'send the old set back again, before any server is restarted', command: 'certmend ca rotate --abort' },
      ];
    case 'stored':
      return [
        ...first,
        { what: 'restart this server', command: `systemctl restart ${unit}` },
        { what: 'when it is Ready', command: goOn },
      ];
    case 'this-server':
      return [
        ...first,
        {
          what: `on each other server, one at a time, each when the one before is Ready: ${others(layout)}`,
          command: null,
        },
        { what: 'when all of them are Ready (or there is none)', command: confirmed },
      ];
    case 'servers':
      return [
        ...first,
        { what: `on each agent: systemctl restart ${agentUnit}`, command: null },
        { what: 'when all of them are Ready (or there is none)', command: confirmed },
      ];
    case 'finished':
    case 'withdrawn':
      return [];
  }
}

/** The product writes the listener's trigger on the server that was asked, and on no other (products 4.3). */
function others({ entries, unit }: Layout): string {
  const listener = entries.find((entry) => entry.kind === 'listener');
  const trigger = listener?.kind === 'listener' ? `install -m 0600 /dev/null ${listener.regenerateTrigger} && ` : '';
  return `${trigger}systemctl restart ${unit}`;
}
