import { assess } from '../assess/assess.ts';
import { bindingOf } from '../generation/binding.ts';
import { loadGeneration } from '../generation/load.ts';
import { standbyVerdict } from '../generation/standby-verdict.ts';
import { standbyFindings } from '../plan/standby-findings.ts';
import type { Ports } from './ports.ts';
import { survey, type Survey } from './survey.ts';

/**
 * A survey for a person: health covers the standby too. Its files are compared with its manifest and that with this
 * node; the TLS proof is left to `standby verify` and to the moment in which it goes live, so that `check` stays quick.
 */
export async function surveyWithStandby(ports: Ports): Promise<Survey> {
  const seen = await survey(ports);
  const verdict = await standbyVerdict({
    store: { load: (number) => loadGeneration(ports.reader, number) },
    number: seen.loaded.kind === 'loaded' ? seen.loaded.state.generations.standby?.number : undefined,
    binding: bindingOf(seen.inventory, ports.host.machineId),
    now: seen.assessment.now,
    renewBeforeDays: seen.settings.renewBeforeDays,
    verify: () => Promise.resolve(undefined),
  });
  const input = { ...seen, extraFindings: [...(seen.extraFindings ?? []), ...standbyFindings(verdict)] };
  return { ...input, assessment: assess(input) };
}
