import { usualValidityDays } from '../config/usual-validity.ts';
import type { Config } from '../config/config.ts';
import type { Layout } from '../layout/layout.ts';

/** Less is due again within weeks, and at 120 days or fewer the product makes everything anew at every start. */
export const leastDays = 150;
export const mostDays = 3650;

/**
 * How long a new leaf is valid, days: what certmend's configuration says, else what the product was told in its
 * environment (CATTLE_NEW_SIGNED_CERT_EXPIRATION_DAYS), else as long as the product's own.
 */
export function newLeafDays(config: Config, layout: Layout): number {
  const asked = layout.newLeafDays?.value;
  const told = asked !== undefined && asked >= leastDays && asked <= mostDays ? asked : undefined;
  return config.renewal.validityDays ?? told ?? usualValidityDays;
}
