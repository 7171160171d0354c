import { createHash } from 'node:crypto';
import { bindingOf } from '../generation/binding.ts';
import type { Manifest } from '../generation/generation.ts';
import { loadGeneration, readManifest } from '../generation/load.ts';
import { standbyVerdict } from '../generation/standby-verdict.ts';
import type { MaterialFile } from '../issue/material.ts';
import type { StandbyVerdict } from '../plan/plan.ts';
import type { State } from '../state/state.ts';
import { verifyMaterial } from '../verify/verify-material.ts';
import type { Ports } from './ports.ts';
import type { Survey } from './survey.ts';

/** What is asked of the generations that are kept: reads only, so that `plan` and `status` can ask too. */
export interface Question {
  readonly ports: Ports;
  readonly survey: Survey;
  readonly state: State | undefined;
}

/**
 * The verdict on the standby generation that the state names.
 * @param purpose `commit`: may it go live now; `keep`: would a fresh one be better
 */
export async function standbyOf(question: Question, purpose: 'commit' | 'keep'): Promise<StandbyVerdict> {
  const { ports, survey, state } = question;
  return standbyVerdict({
    store: { load: (number) => loadGeneration(ports.reader, number) },
    number: state?.generations.standby?.number,
    binding: bindingOf(survey.inventory, ports.host.machineId),
    now: ports.clock.now(),
    renewBeforeDays: survey.renewBeforeDays,
    purpose,
    verify: (files) => problemUnlessProven(question, files),
  });
}

/** The bytes, the binding to the authorities and the dates have been looked at again by now; the rest cannot change. */
async function problemUnlessProven(question: Question, files: readonly MaterialFile[]): Promise<string | undefined> {
  const { proven } = question.ports;
  if (proven === undefined) return problemOf(question, files, false);
  const hash = createHash('sha256').update(JSON.stringify(bindingOf(question.survey.inventory, '')));
  for (const { path, bytes } of files) hash.update(path).update(bytes);
  const key = hash.digest('hex');
  if (proven.has(key)) return undefined;
  const problem = await problemOf(question, files, false);
  if (problem === undefined) proven.add(key);
  return problem;
}

/** The generation that was live before the active one, when its manifest is there. */
export function previousOf({
  ports,
  state,
}: Question): { readonly generation: number; readonly notBefore: number; readonly notAfter: number } | undefined {
  const reference = state?.generations.previous ?? undefined;
  const read = reference === undefined ? undefined : readManifest(ports.reader, reference.number);
  return read?.ok === true
    ? {
        generation: read.manifest.number,
        notBefore: Date.parse(read.manifest.notBefore),
        notAfter: Date.parse(read.manifest.notAfter),
      }
    : undefined;
}

/**
 * A generation read back from disk and proven at this instant, or why it is not good.
 * @param purpose `rollback` lets pass a set that is good now and will be due soon: better than the one it replaces
 */
export async function prove(
  question: Question,
  number: number,
  purpose: 'commit' | 'rollback',
): Promise<
  | { readonly ok: true; readonly manifest: Manifest; readonly files: readonly MaterialFile[] }
  | { readonly ok: false; readonly problem: string }
> {
  const loaded = loadGeneration(question.ports.reader, number);
  if (!loaded.ok) {
    return loaded;
  }
  const problem = await problemOf(question, loaded.files, purpose === 'rollback');
  return problem === undefined ? loaded : { ok: false, problem };
}

async function problemOf(
  { ports, survey }: Question,
  files: readonly MaterialFile[],
  acceptRenewDue: boolean,
): Promise<string | undefined> {
  const verdict = await verifyMaterial({
    files,
    inventory: survey.inventory,
    now: ports.clock.now(),
    clockIsShifted: ports.clockIsShifted,
    acceptRenewDue,
  });
  if (verdict.ok) {
    return undefined;
  }
  const [first] = verdict.failures;
  return first === undefined ? 'it failed verification' : `${first.id}: ${first.message}`;
}
