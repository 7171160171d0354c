import type { Layout } from '../layout/layout.ts';
import type { StateRenewal } from '../state/state.ts';
import { instantOf } from '../time/rfc3339.ts';
import type { Ports, UnitRun } from './ports.ts';

/**
 * Until when a certificate is good that a process of the product read at its start and goes on with, since a renewal under
 * it reached only the file. True until the service is started anew.
 *
 * @returns milliseconds since the epoch; undefined when there is no such certificate
 */
export function stillHeld(
  ports: Pick<Ports, 'unitRun' | 'clock'>,
  { unit }: Layout,
  renewal: StateRenewal | null,
): number | undefined {
  const held = instantOf(renewal?.heldUntil ?? null);
  if (held === undefined || renewal === null) return undefined;
  return isKnownToBeAnew(ports.unitRun(unit), renewal, ports.clock.now()) ? undefined : held;
}

/** Where systemd did not say which start it was, then or now, the date stands: a person called in vain restarts once more. */
function isKnownToBeAnew(run: UnitRun | undefined, renewal: StateRenewal, now: number): boolean {
  if (run === undefined) return false;
  if (renewal.invocation !== null) return !isSameRun(run, renewal);
  const at = instantOf(renewal.at);
  return at !== undefined && now - run.forMs > at;
}

/** The service has not been started anew since. */
export function isSameRun(run: UnitRun | undefined, { invocation }: StateRenewal): boolean {
  return invocation !== null && run?.invocation === invocation;
}
