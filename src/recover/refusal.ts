import { CertmendError, exitStatus } from '../error.ts';

/** What is left when nothing else is: with product code alone (products 3.5). */
export const lastResort =
  'the last resort uses the product alone: stop it on all nodes, switch time synchronisation off, set the clock back to a day on which the authorities were valid, start the servers, make new authorities (rotate-ca), stop, put the clock right, start; docs/authorities.md has the steps';

/**
 * What cannot be done safely is not done, and the next best way is said.
 * @param problem a clause
 */
export function refused(problem: string, hint: string = lastResort): CertmendError {
  return new CertmendError('RecoveryRefused', `${problem}; nothing was changed`, { exit: exitStatus.refused, hint });
}
